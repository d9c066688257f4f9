import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { pomOf } from "../kafka/maven-classpath.ts";

/** What a package manager needs to know; each client has one way. */
export type Installation =
  | { readonly kind: "npm"; readonly packages: readonly string[] }
  | { readonly kind: "pip"; readonly packages: readonly string[] }
  | { readonly kind: "go" }
  | { readonly kind: "maven"; readonly artifacts: readonly string[] }
  /** A program that the system's own package brings. */
  | { readonly kind: "system"; readonly program: string; readonly hint: string };

export type Installed =
  | { readonly kind: "installed"; readonly folder: string }
  /** No such package manager here, or no way to its registry. */
  | { readonly kind: "unavailable"; readonly reason: string };

type Place = {
  readonly name: string;
  readonly version: string;
  /** The folder of its program. */
  readonly room: string;
  /** Files that programs of several clients need. */
  readonly shared: readonly string[];
};

const INSTALL_MS_MAX = 600_000;
const OUTPUT_CHARACTERS_MAX = 400;
const DONE = ".installed";

/** Not in the repository: none of these clients is a dependency of Zoolog. */
const CACHE = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "zoolog-compat");

/**
 * Puts a client and its program in a folder of their own below `CACHE`. The packages are fetched once,
 * the program is copied each time.
 */
export async function install(place: Place, installation: Installation): Promise<Installed> {
  const folder = join(CACHE, `${place.name.replaceAll(/[@/]/g, "")}-${place.version}`);
  const stamp = createHash("sha256").update(JSON.stringify(installation)).digest("hex");
  const done = join(folder, DONE);
  const isDone = existsSync(done) && readFileSync(done, "utf8") === stamp;
  if (!isDone) rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(place.room, folder, { recursive: true });
  for (const file of place.shared) copyFileSync(file, join(folder, basename(file)));
  if (!isDone || installation.kind === "go") {
    const reason = await fetchInto(folder, installation);
    if (reason !== undefined) return { kind: "unavailable", reason };
    writeFileSync(done, stamp);
  }
  return { kind: "installed", folder };
}

/** Answers why it did not work. */
async function fetchInto(folder: string, installation: Installation): Promise<string | undefined> {
  switch (installation.kind) {
    case "npm": {
      writeFileSync(join(folder, "package.json"), '{"private":true,"type":"module"}\n');
      const flags = ["--no-audit", "--no-fund", "--ignore-scripts", "--save-exact"];
      return await run(folder, "npm", ["install", ...flags, ...installation.packages]);
    }
    case "pip": {
      const reason = await run(folder, "python3", ["-m", "venv", "venv"]);
      if (reason !== undefined) return reason;
      const flags = ["install", "--quiet", "--only-binary", ":all:"];
      return await run(folder, "venv/bin/pip", [...flags, ...installation.packages]);
    }
    case "go":
      return await run(folder, "go", ["build", "-o", "driver", "."]);
    case "maven": {
      writeFileSync(join(folder, "pom.xml"), pomOf(installation.artifacts));
      const goal = ["dependency:copy-dependencies", "-DincludeScope=runtime"];
      return await run(folder, "mvn", [
        "--batch-mode",
        "--quiet",
        ...goal,
        "-DoutputDirectory=jars",
      ]);
    }
    case "system": {
      const reason = await run(folder, installation.program, ["-V"]);
      return reason === undefined ? undefined : `${installation.hint}: ${reason}`;
    }
  }
}

/** The end of what it said, where it did not end well. */
function run(
  folder: string,
  program: string,
  args: readonly string[],
): Promise<string | undefined> {
  const child = spawn(program, args, {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: INSTALL_MS_MAX,
  });
  let output = "";
  const collect = (chunk: Buffer): void => {
    output = `${output}${chunk}`.slice(-OUTPUT_CHARACTERS_MAX);
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code) => {
      resolve(code === 0 ? undefined : `${program} ended with ${code}: ${output.trim()}`);
    });
  });
}
