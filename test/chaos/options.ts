import { parseArgs } from "node:util";
import { drawnSeed, wholeNumber } from "../command-line.ts";
import { FAULT_NAMES, type FaultName, NETWORK_FAULTS } from "./faults.ts";
import { KAFKA_CHAOS_CLIENTS } from "./kafka/kafka-chaos-client.ts";

export type ChaosOptions = {
  readonly seconds: number;
  readonly seed: number;
  readonly faults: readonly FaultName[];
  /** Each process in a network namespace of its own. */
  readonly network: boolean;
  readonly brokers: number;
  readonly partitions: number;
  /** Kafka clients that write and read; none: our own does. */
  readonly kafkaClients: readonly string[];
  /** Of each client. */
  readonly writers: number;
  readonly readers: number;
  readonly recordsPerSecond: number;
  readonly valueBytes: number;
  readonly restMs: number;
  readonly settings: Readonly<Record<string, string>>;
  readonly keep: boolean;
  /** Brokers with this deliberate mistake, or with each in turn: `"all"`. */
  readonly mutation: string | undefined;
};

const OURS = "zoolog";
const KAFKA_CLIENTS = KAFKA_CHAOS_CLIENTS.map(({ name }) => name);

export const USAGE = `npm run chaos -- [options]

  --list             rows of the programme on real processes; --row P-05 runs one: --row --help
  --workload groups  a consumer group instead, with options of its own: --workload groups --help
  --seconds N        how long faults go on (default 60)
  --seed N           draws the same faults again (default: a new one, printed)
  --faults a,b       of ${FAULT_NAMES.join(", ")}; "none" for a control run (default: all but those that need --network)
  --network          each process in a network namespace of its own (root, iproute2, iptables);
                     the default faults are then ${NETWORK_FAULTS.join(", ")}
  --brokers N        3 to 5 (default 3)
  --partitions N     of the topic, all with 3 replicas and min.insync.replicas 2 (default 12)
  --clients NAMES    who writes and reads: ${OURS} (default, our own client), kafka (these Kafka clients
                     at once), or some of ${KAFKA_CLIENTS.join(", ")}
  --writers N        idempotent producers of each client (default 3)
  --readers N        readers that follow, of each client (default 2; of Kafka clients 3: one by itself,
                     the others in groups)
  --rate N           records per second of each writer (default 300)
  --value-bytes N    size of a value (default 256)
  --rest-ms N        mean rest between two faults (default 4000)
  --set name=value   a setting of all brokers; may be repeated
  --keep             keep the folder with data and logs
  --mutation NAME    brokers with a deliberate mistake, under the faults that bring it to light;
                     "all": each in turn, and each has to be found

Exit status 1 when the history has an anomaly. The last line is the summary.`;

/** @throws TypeError for options that are not known, RangeError for values out of range. */
export function parseOptions(args: readonly string[]): ChaosOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: "string", default: "60" },
      seed: { type: "string", default: String(drawnSeed()) },
      faults: { type: "string" },
      network: { type: "boolean", default: false },
      brokers: { type: "string", default: "3" },
      partitions: { type: "string", default: "12" },
      clients: { type: "string", default: OURS },
      writers: { type: "string", default: "3" },
      readers: { type: "string" },
      rate: { type: "string", default: "300" },
      "value-bytes": { type: "string", default: "256" },
      "rest-ms": { type: "string", default: "4000" },
      set: { type: "string", multiple: true, default: [] },
      keep: { type: "boolean", default: false },
      mutation: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const kafkaClients = kafkaClientsOf(values.clients);
  const readers = kafkaClients.length === 0 ? "2" : "3";
  return {
    seconds: wholeNumber("seconds", values.seconds, 1),
    seed: wholeNumber("seed", values.seed, 0),
    faults: faultsOf(values.faults, values.network),
    network: values.network,
    brokers: wholeNumber("brokers", values.brokers, 3, 5),
    partitions: wholeNumber("partitions", values.partitions, 1),
    kafkaClients,
    writers: wholeNumber("writers", values.writers, 1),
    readers: wholeNumber("readers", values.readers ?? readers, 0),
    recordsPerSecond: wholeNumber("rate", values.rate, 1),
    valueBytes: wholeNumber("value-bytes", values["value-bytes"], 32),
    restMs: wholeNumber("rest-ms", values["rest-ms"], 0),
    settings: settingsOf(values.set),
    keep: values.keep,
    mutation: values.mutation,
  };
}

function kafkaClientsOf(text: string): readonly string[] {
  if (text === OURS) return [];
  if (text === "kafka") return KAFKA_CLIENTS;
  const names = text.split(",");
  const unknown = names.find((name) => !KAFKA_CLIENTS.includes(name));
  if (unknown === undefined) return names;
  throw new RangeError(
    `--clients: ${unknown} is none of ${[OURS, "kafka", ...KAFKA_CLIENTS].join(", ")}`,
  );
}

function faultsOf(text: string | undefined, network: boolean): readonly FaultName[] {
  if (text === "none") return [];
  if (text === undefined)
    return FAULT_NAMES.filter((name) => NETWORK_FAULTS.includes(name) === network);
  return text.split(",").map((name) => {
    const known = FAULT_NAMES.find((fault) => fault === name);
    if (known === undefined) {
      throw new RangeError(`--faults: ${name} is none of ${FAULT_NAMES.join(", ")}, none`);
    }
    if (!network && NETWORK_FAULTS.includes(known)) throw new RangeError(`${name} needs --network`);
    return known;
  });
}

/** `name=value`, one each. @throws RangeError for what is not. */
export function settingsOf(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf("=");
      if (at <= 0) throw new RangeError(`--set takes name=value, not ${text}`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
