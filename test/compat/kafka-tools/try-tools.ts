import { type KafkaLine, resolveKafkaRelease } from "../../kafka/kafka-release.ts";
import { type CheckResult, chosenChecks } from "../check.ts";
import type { CompatCluster } from "../cluster.ts";
import { unusedName } from "../unused-name.ts";
import { TOOL_CHECKS, type ToolCheck } from "./tool-checks.ts";

/** What the command calls them. */
export const KAFKA_TOOLS_NAME = "kafka-tools";

const LINES: readonly KafkaLine[] = ["3.9", "4"];
const DETAIL_CHARACTERS_MAX = 900;

/** Kafka's own command-line tools, of both lines, as one more client. */
export async function* tryTools(
  cluster: CompatCluster,
  words: readonly string[],
): AsyncGenerator<CheckResult> {
  const checks = chosenChecks(TOOL_CHECKS, words);
  for (const line of LINES) {
    const resolved = await resolveKafkaRelease(line);
    const version = resolved.kind === "resolved" ? resolved.release.version : line;
    const result = (check: ToolCheck, ok: boolean | null, detail: string): CheckResult => ({
      ...{ client: KAFKA_TOOLS_NAME, version, check: check.name, ok },
      detail: detail.slice(0, DETAIL_CHARACTERS_MAX),
    });
    for (const check of checks) {
      if (resolved.kind === "unavailable") {
        yield result(check, null, `not run: ${resolved.reason}`);
        continue;
      }
      try {
        await check.run({ release: resolved.release, cluster, name: unusedName });
        yield result(check, true, "");
      } catch (error) {
        yield result(check, false, (error as Error).message);
      }
    }
  }
}
