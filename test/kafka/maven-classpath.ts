import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** `group:artifact:version`, as Maven writes it. */
export type MavenArtifact = `${string}:${string}:${string}`;

export type MavenClasspath =
  | { readonly kind: "resolved"; readonly classpath: string }
  /** No Maven, or no way to Maven Central: whoever wanted the jars has not run. */
  | { readonly kind: "unavailable"; readonly reason: string };

/** Out of the repository's way, and gone with `node_modules`. */
const CACHE = resolve("node_modules/.cache/maven-classpaths");
/** Some 100 MB on a slow line; much longer means that nobody answers. */
const DOWNLOAD_MS_MAX = 600_000;
const OUTPUT_CHARACTERS_MAX = 1_500;

/**
 * The jars of these artifacts and of everything they need to run, one version of each. They are
 * taken from Maven Central once and kept in a folder named by the artifacts.
 */
export async function resolveMavenClasspath(
  artifacts: readonly MavenArtifact[],
): Promise<MavenClasspath> {
  const name = createHash("sha256")
    .update([...artifacts].sort().join())
    .digest("hex")
    .slice(0, 16);
  const folder = join(CACHE, name);
  if (!existsSync(folder)) {
    const reason = await downloadInto(folder, artifacts);
    if (reason !== undefined) return { kind: "unavailable", reason };
  }
  return { kind: "resolved", classpath: join(folder, "*") };
}

/** Downloads beside the folder and renames at the end: a folder that is there is whole. */
async function downloadInto(
  folder: string,
  artifacts: readonly MavenArtifact[],
): Promise<string | undefined> {
  mkdirSync(CACHE, { recursive: true });
  const work = mkdtempSync(join(CACHE, "download-"));
  try {
    writeFileSync(join(work, "pom.xml"), pomOf(artifacts));
    const reason = await copyDependencies(work);
    if (reason !== undefined) return `${artifacts.join(", ")}: ${reason}`;
    try {
      renameSync(join(work, "jars"), folder);
    } catch (error) {
      // Another process was faster with the same jars.
      if (!existsSync(folder)) throw error;
    }
    return undefined;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** For Maven itself, where the jars shall lie somewhere else. */
export function pomOf(artifacts: readonly string[]): string {
  const dependencies = artifacts.map((artifact) => {
    const [group, id, version] = artifact.split(":");
    const names = `<groupId>${group}</groupId><artifactId>${id}</artifactId>`;
    return `    <dependency>${names}<version>${version}</version></dependency>`;
  });
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>zoolog.test</groupId><artifactId>classpath</artifactId><version>1</version>
  <packaging>pom</packaging>
  <dependencies>
${dependencies.join("\n")}
  </dependencies>
</project>
`;
}

/** Answers why it did not work. */
function copyDependencies(folder: string): Promise<string | undefined> {
  const options = ["--batch-mode", "--quiet", "--no-transfer-progress"];
  const goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=jars"];
  const child = spawn("mvn", [...options, ...goal], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: DOWNLOAD_MS_MAX,
  });
  let output = "";
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  return new Promise((answer) => {
    child.once("error", () =>
      answer("Maven was not found (mvn); Debian, Ubuntu: apt-get install maven"),
    );
    child.once("close", (code) => {
      const end = output.trim().slice(0, OUTPUT_CHARACTERS_MAX);
      answer(
        code === 0 ? undefined : `Maven Central gave no jars (mvn ended with ${code}): ${end}`,
      );
    });
  });
}
