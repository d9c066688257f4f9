import { parseArgs } from "node:util";
import type { KafkaLine } from "../kafka/kafka-release.ts";

/** What `npm run compat` is asked for. */
export type CompatCommand =
  | { readonly kind: "help" }
  | { readonly kind: "list" }
  /** The page of the docs from the printed lines of several runs. */
  | { readonly kind: "write"; readonly files: readonly string[] }
  | {
      readonly kind: "run";
      /** Names of clients; empty: all. */
      readonly clients: readonly string[];
      /** The names of checks contain one of these; empty: all. */
      readonly checks: readonly string[];
      readonly target: CompatTarget;
      /** Where the clients' requests are kept. */
      readonly record: string | undefined;
      /** Whether docs/kafka-compatibility.md is written. */
      readonly write: boolean;
    };

export type CompatTarget =
  /** Three brokers of this working tree. */
  | { readonly kind: "zoolog" }
  | { readonly kind: "foreign"; readonly bootstrap: string }
  /** Three brokers of Apache Kafka. */
  | { readonly kind: "apache"; readonly line: KafkaLine };

export const USAGE = `npm run compat -- [options]

Kafka clients as they come from their registries, against three Zoolog brokers. One JSON line per check.

  --client a,b          which clients (default all; with @VERSION only that one)
  --check TEXT,…        only checks whose names contain one of these
  --bootstrap H:P,…     against what answers there, in place of brokers of our own; nothing is killed
  --against 3.9|4       against three brokers of Apache Kafka, to see what a client does there
  --record FILE         keeps requests of each client, for packages/protocol/testdata
  --write               writes docs/kafka-compatibility.md (needs all clients and all checks)
  --from a,b            with --write: from the lines that runs have printed into these files
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
      check: { type: "string", default: "" },
      bootstrap: { type: "string" },
      against: { type: "string" },
      from: { type: "string" },
      record: { type: "string" },
      write: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return { kind: "help" };
  if (values.list) return { kind: "list" };
  const clients = namesIn(values.client);
  const unknown = clients.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    const names = [...new Set(known)].join(", ");
    throw new RangeError(`--client ${unknown} is not known; there are: ${names}`);
  }
  const { write, record } = values;
  const checks = namesIn(values.check);
  if (values.from !== undefined) {
    if (!write) throw new RangeError("--from goes with --write");
    return { kind: "write", files: namesIn(values.from) };
  }
  const target = targetOf(values);
  if (write && (clients.length > 0 || checks.length > 0 || target.kind !== "zoolog")) {
    throw new RangeError("--write takes no other option: the table is of all clients");
  }
  if (record !== undefined && target.kind !== "zoolog") {
    throw new RangeError("--record is for brokers of our own: others tell clients where they are");
  }
  return { kind: "run", clients, checks, target, record, write };
}

function namesIn(list: string): string[] {
  return list.split(",").filter((name) => name !== "");
}

function targetOf(values: {
  readonly bootstrap?: string;
  readonly against?: string;
}): CompatTarget {
  const { bootstrap, against } = values;
  if (bootstrap !== undefined) return { kind: "foreign", bootstrap };
  if (against === undefined) return { kind: "zoolog" };
  if (against === "3.9" || against === "4") return { kind: "apache", line: against };
  throw new RangeError(`--against takes 3.9 or 4, not ${against}`);
}
