import { parseArgs } from "node:util";

/** What `npm run compat` is asked for. */
export type CompatCommand =
  | { readonly kind: "help" }
  | { readonly kind: "list" }
  | {
      readonly kind: "run";
      /** Names of clients; empty: all. */
      readonly clients: readonly string[];
      /** What the names of checks contain; `undefined`: all. */
      readonly check: string | undefined;
      readonly target: CompatTarget;
      /** Whether docs/kafka-compatibility.md is written. */
      readonly write: boolean;
    };

export type CompatTarget =
  /** Three brokers of this working tree. */
  { readonly kind: "zoolog" } | { readonly kind: "foreign"; readonly bootstrap: string };

export const USAGE = `npm run compat -- [options]

Kafka clients as they come from their registries, against three Zoolog brokers. One JSON line per check.

  --client a,b          which clients (default all; with @VERSION only that one)
  --check TEXT          only checks whose names contain it
  --bootstrap H:P,…     against what answers there, in place of brokers of our own; nothing is killed
  --write               writes docs/kafka-compatibility.md (needs all clients and all checks)
  --list                the clients
  --help                this

Clients are kept in the user's cache folder. One that cannot be installed is reported as not run.
Exit status 0: nothing failed, 1: something did, 2: the command was not understood.`;

/** @throws TypeError for options that are not known, RangeError for values that are not. */
export function parseCommand(args: readonly string[], known: readonly string[]): CompatCommand {
  const { values } = parseArgs({
    args: [...args],
    options: {
      client: { type: "string", default: "" },
      check: { type: "string" },
      bootstrap: { type: "string" },
      write: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return { kind: "help" };
  if (values.list) return { kind: "list" };
  const clients = values.client.split(",").filter((name) => name !== "");
  const unknown = clients.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new RangeError(`--client ${unknown} is not known; there are: ${known.join(", ")}`);
  }
  const { bootstrap, check, write } = values;
  if (write && (clients.length > 0 || check !== undefined || bootstrap !== undefined)) {
    throw new RangeError("--write takes no other option: the table is of all clients");
  }
  const target: CompatTarget =
    bootstrap === undefined ? { kind: "zoolog" } : { kind: "foreign", bootstrap };
  return { kind: "run", clients, check, target, write };
}
