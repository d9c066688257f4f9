import { spawnSync } from "node:child_process";

const PROBE_MS_MAX = 5_000;

/** Why no container can be started here; nothing when an engine runs. */
export function dockerEngineFault(): string | undefined {
  const probe = spawnSync("docker", ["info", "--format", "{{.ServerVersion}}"], {
    encoding: "utf8",
    timeout: PROBE_MS_MAX,
  });
  if (probe.error !== undefined) return `docker was not found or hangs (${probe.error.message})`;
  if (probe.status === 0) return undefined;
  return probe.stderr.trim().split("\n")[0] ?? "docker info failed";
}

/** Loaded by those only who have an engine: it is large. */
export async function testcontainers(): Promise<typeof import("testcontainers")> {
  // Its helper, which removes what a killed run leaves behind, is one more image to pull.
  process.env["TESTCONTAINERS_RYUK_DISABLED"] ??= "true";
  return import("testcontainers");
}
