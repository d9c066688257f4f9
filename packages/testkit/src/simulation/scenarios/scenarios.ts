import type { Random } from "@zoolog/base";
import { FAULT_NAMES, type FaultName } from "../faults/fault.ts";
import type { SimulationOptions } from "../run/simulation-options.ts";
import { WORKLOAD_NAMES, type WorkloadName } from "../workloads/workload-names.ts";

/** One kind of trouble, and what clients do meanwhile. */
export type Scenario = {
  readonly id: string;
  readonly name: string;
  readonly about: string;
  /** Out of what the seed has drawn, what this scenario is. */
  readonly draw: (drawn: SimulationOptions, random: Random) => SimulationOptions;
  /**
   * Acknowledged records may be lost, as the configuration promises no more. A checker that sees no
   * loss in any of many seeds would see none in the others either.
   */
  readonly mayLose?: true;
  /** No leadership changes but by the end of a session: what a leader without lease acknowledged is lost. */
  readonly judgesLeases?: true;
};

const BASE: readonly WorkloadName[] = ["idempotentProduce", "read", "group"];

/** Changes of topics, for which records of one life must not be seen in another. */
const OF_TOPICS: readonly WorkloadName[] = ["topicRecreation", "partitionAddition", "retention"];

function only(
  drawn: SimulationOptions,
  faults: readonly FaultName[],
  workloads: readonly WorkloadName[] = BASE,
): SimulationOptions {
  return { ...drawn, faults, workloads: WORKLOAD_NAMES.filter((name) => workloads.includes(name)) };
}

/** A random part, never nothing. */
function some<const T>(from: readonly T[], random: Random): readonly T[] {
  const always = Math.floor(random.next() * from.length);
  return from.filter((_, index) => index === always || random.next() < 0.5);
}

function withSettings(
  drawn: SimulationOptions,
  settings: Readonly<Record<string, string>>,
): SimulationOptions {
  return { ...drawn, settings: { ...drawn.settings, ...settings } };
}

const ADMIN: readonly WorkloadName[] = ["topicRecreation", "adminReads"];
const KILLS: readonly FaultName[] = ["kill", "pause"];
const NETWORK = ["clog", "isolate", "split", "ring", "swizzle", "halfOpen"] as const;
const CRASHES = ["kill", "killAll", "shutDown", "rollingRestart", "relay"] as const;
const SERVERS = ["staleServer", "stopServer", "pauseServer", "loseQuorum"] as const;
const DISKS = ["ioError", "diskFull", "refusedOperations", "slowDisk"] as const;

export const SCENARIOS: readonly Scenario[] = [
  {
    id: "S-01",
    name: "calm",
    about: "no faults: nothing is lost, nothing is twice, nothing waits",
    draw: (drawn, random) => ({
      ...only(drawn, [], [...BASE, ...some(WORKLOAD_NAMES, random)]),
      recoveryMsMax: 15_000,
    }),
  },
  {
    id: "S-02",
    name: "bad ways",
    about: "messages come late, in another order, or not at all",
    draw: (drawn, random) => only(drawn, some(["latency", "loss", "halfOpen"], random)),
  },
  {
    id: "S-03",
    name: "partitions",
    about: "ways between hosts are closed, both ways or one, one after the other or all at once",
    draw: (drawn, random) => ({ ...only(drawn, some(NETWORK, random)), recoveryMsMax: 15_000 }),
  },
  {
    id: "S-04",
    name: "crashes",
    about: "brokers are killed and start again, in order or not, up to all at once",
    draw: (drawn, random) => only(drawn, some(CRASHES, random)),
  },
  {
    id: "S-05",
    name: "power cuts",
    about: "hosts lose what was not synced, as many as the others make good",
    draw: (drawn, random) => only(drawn, some(["powerCut", "kill"], random)),
  },
  {
    id: "S-06",
    name: "power cuts of all, synced",
    about: "everybody loses what was not synced, and everything acknowledged was",
    draw: (drawn, random) =>
      withSettings(only(drawn, some(["powerCutOfAll", "powerCut"], random)), {
        "log.flush": "fsync",
      }),
  },
  {
    id: "S-06-os",
    name: "power cuts of all, not synced",
    about:
      "everybody loses what was not synced, an operator goes on with what is left: losses are seen",
    mayLose: true,
    draw: (drawn) =>
      withSettings(only(drawn, ["powerCutOfAll"]), {
        "log.flush": "os",
        "log.flush.offset.checkpoint.interval.ms": "10000",
      }),
  },
  {
    id: "S-07",
    name: "damaged files",
    about: "bits turn over, ends are missing, sectors are empty; of one replica at a time",
    draw: (drawn, random) => only(drawn, ["damage", ...some(CRASHES, random)]),
  },
  {
    id: "S-08",
    name: "failing disks",
    about: "operations fail, are slow, or find no room",
    draw: (drawn, random) => only(drawn, some(DISKS, random)),
  },
  {
    id: "S-09",
    name: "lost answers of ZooKeeper",
    about: "connections break before or after a write is applied, at every kind of write",
    draw: (drawn, random) =>
      only(drawn, ["connectionLoss", ...some(KILLS, random)], [...BASE, "topicRecreation"]),
  },
  {
    id: "S-10",
    name: "expired sessions",
    about: "sessions end at any moment while their owners run",
    draw: (drawn, random) => only(drawn, ["expireSession"], [...BASE, ...some(ADMIN, random)]),
  },
  {
    id: "S-11",
    name: "old news",
    about: "ZooKeeper's servers are behind, stop, stand still, or are too few",
    draw: (drawn, random) => only(drawn, some(SERVERS, random)),
  },
  {
    id: "S-12",
    name: "pauses",
    about: "processes stand still and go on in the middle: nobody acknowledges without a lease",
    judgesLeases: true,
    draw: (drawn) =>
      withSettings(only(drawn, ["pause"], [...BASE, "plainProduce"]), {
        "auto.leader.rebalance.enable": "false",
      }),
  },
  {
    id: "S-13",
    name: "clocks",
    about: "wall clocks jump by up to an hour, monotonic ones go too fast or too slow",
    draw: (drawn, random) => only(drawn, some(["jump", "drift"], random)),
  },
  {
    id: "S-14",
    name: "topics",
    about: "topics are deleted and made anew, get partitions and lose old records, under any fault",
    draw: (drawn, random) =>
      only(drawn, some(FAULT_NAMES, random), [...BASE, ...some(OF_TOPICS, random), "configChange"]),
  },
  {
    id: "S-15",
    name: "groups",
    about: "members come, go, die and stand still, and commit what is another's by then",
    draw: (drawn, random) => ({
      ...only(drawn, some(["kill", "pause", "clog", "pauseClient"], random), [
        ...BASE,
        "memberChurn",
        "staleCommits",
      ]),
      members: 3 + Math.floor(random.next() * 3),
    }),
  },
];

export const MISSING_SCENARIOS: readonly { readonly id: string; readonly why: string }[] = [
  {
    id: "S-08, every operation",
    why: "no world: a script in which each operation fails once is log/src/log-faults.test.ts",
  },
  {
    id: "S-14, reassignment",
    why: "replicas of a partition cannot be moved to other brokers yet",
  },
  {
    id: "S-16",
    why:
      "no world: race units by fast-check are log/src/log-races.property.test.ts, " +
      "replication/src/purgatory.property.test.ts and broker/src/runtimes/isr-runtime.property.test.ts",
  },
];

/** Whether acknowledged records may be lost in this run. */
export function mayLose({ scenario }: Pick<SimulationOptions, "scenario">): boolean {
  return SCENARIOS.find(({ id }) => id === scenario)?.mayLose === true;
}

export function judgesLeases({ scenario }: Pick<SimulationOptions, "scenario">): boolean {
  return SCENARIOS.find(({ id }) => id === scenario)?.judgesLeases === true;
}
