import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Check, type CheckResult, chosenChecks } from "./check.ts";
import { ADMIN_CHECKS } from "./checks/admin.ts";
import { FAILOVER_CHECKS } from "./checks/failover.ts";
import { GROUP_CHECKS } from "./checks/groups.ts";
import { RECORD_CHECKS } from "./checks/records.ts";
import type { CompatClient } from "./clients.ts";
import type { CompatCluster } from "./cluster.ts";
import { Driver, NotOffered } from "./driver.ts";
import { install } from "./install.ts";
import { unusedName } from "./unused-name.ts";

export type TryOptions = {
  readonly client: CompatClient;
  readonly cluster: CompatCluster;
  /** As in the options of the command. */
  readonly checks: readonly string[];
};

const ROOM = fileURLToPath(new URL(".", import.meta.url));
const PROTOCOLS = ["node-driver.mjs", "line_driver.py"];
const DETAIL_CHARACTERS_MAX = 400;

/** Last what kills: who comes after has a cluster that is whole. */
const CHECKS: readonly Check[] = [
  ...RECORD_CHECKS,
  ...GROUP_CHECKS,
  ...ADMIN_CHECKS,
  ...FAILOVER_CHECKS,
];

/** Installs a client and lets it do every check; a program that hangs is replaced by a new one. */
export async function* tryClient({
  client,
  cluster,
  checks: words,
}: TryOptions): AsyncGenerator<CheckResult> {
  const { name, version } = client;
  const shared = PROTOCOLS.map((file) => join(ROOM, file));
  const place = { name, version, room: join(ROOM, client.room), shared };
  const installed = await install(place, client.installation);
  const checks = chosenChecks(CHECKS, words);
  const result = (check: Check, ok: boolean | null, detail: string): CheckResult => ({
    ...{ client: name, version, check: check.name, ok },
    detail: detail.slice(0, DETAIL_CHARACTERS_MAX),
  });
  if (installed.kind === "unavailable") {
    for (const check of checks) yield result(check, null, `not run: ${installed.reason}`);
    return;
  }
  const command = client.command(installed.folder);
  let driver = Driver.start(command, cluster.bootstrap);
  try {
    for (const check of checks) {
      const context = { driver, cluster, name: unusedName };
      try {
        yield result(check, true, (await check.run(context)) ?? "");
      } catch (error) {
        const { message } = error as Error;
        const limit = client.ownLimits?.[check.name];
        if (error instanceof NotOffered) yield result(check, null, message);
        else if (limit?.says.test(message) === true) {
          yield result(check, null, `the same with Apache Kafka: ${limit.reason}`);
        } else yield result(check, false, `${message} ${driver.log}`.trim());
        // What a failed check left open must not be in the way of the next one.
        await driver.close();
        driver = Driver.start(command, cluster.bootstrap);
      }
    }
  } finally {
    await driver.close();
  }
}
