import type { DriverCommand } from "./driver.ts";
import type { Installation } from "./install.ts";

/** A client of Kafka that somebody out there uses, in one version. */
export type CompatClient = {
  readonly name: string;
  readonly version: string;
  readonly language: string;
  /** The folder of this room that its program stands in. */
  readonly room: string;
  readonly installation: Installation;
  /** How to start its program where it was put. */
  readonly command: (folder: string) => DriverCommand;
};

export const CLIENTS: readonly CompatClient[] = [
  {
    name: "kcat",
    version: "1.7.1",
    language: "C (librdkafka 2.0.2)",
    room: "kcat",
    installation: { kind: "system", program: "kcat", hint: "Debian, Ubuntu: apt-get install kcat" },
    command: nodeHere,
  },
  npmClient("kafkajs", "2.2.4", "kafkajs", ["lz4-napi@2.9.0", "snappyjs@0.7.0"], nodeHere),
];

function npmClient(
  name: string,
  version: string,
  room: string,
  beside: readonly string[],
  command: CompatClient["command"],
): CompatClient {
  const packages = [`${name}@${version}`, ...beside];
  const installation: Installation = { kind: "npm", packages };
  return { name, version, language: "Node.js", room, installation, command };
}

function nodeHere(folder: string): DriverCommand {
  return { program: process.execPath, args: ["driver.mjs"], folder };
}
