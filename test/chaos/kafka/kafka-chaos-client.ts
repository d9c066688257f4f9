import { join } from "node:path";
import { CLIENTS } from "../../compat/clients.ts";
import type { DriverCommand } from "../../compat/driver.ts";
import { install } from "../../compat/install.ts";
import type { GroupProtocol } from "./driver-line.ts";

/** A Kafka client that takes part in the chaos run. */
export type KafkaChaosClient = {
  /** As in test/compat, in the newest version that is tried there. */
  readonly name: string;
  /** Its program in the folder of that name here. */
  readonly file: string;
  /** The ways of a group that it knows. */
  readonly protocols: readonly GroupProtocol[];
};

export const KAFKA_CHAOS_CLIENTS: readonly KafkaChaosClient[] = [
  { name: "kafka-clients", file: "Chaos.java", protocols: ["classic", "consumer"] },
  { name: "kafkajs", file: "chaos.mjs", protocols: ["classic"] },
];

export type InstalledClient = {
  readonly client: KafkaChaosClient;
  readonly version: string;
  readonly command: DriverCommand;
};

/** @throws Error when there is no way to its registry. */
export async function installed(client: KafkaChaosClient): Promise<InstalledClient> {
  const known = CLIENTS.findLast(({ name }) => name === client.name);
  if (known === undefined) throw new RangeError(`test/compat does not know ${client.name}`);
  const { name, version } = known;
  const room = join(import.meta.dirname, name);
  const there = await install({ name, version, room, shared: [] }, known.installation);
  if (there.kind === "unavailable") throw new Error(`${name} ${version}: ${there.reason}`);
  return { client, version, command: known.command(there.folder, client.file) };
}
