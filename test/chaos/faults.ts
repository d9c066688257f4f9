import type { Random } from "@zoolog/base";
import type { ChaosBroker } from "./chaos-broker.ts";
import type { ChaosCluster } from "./chaos-cluster.ts";
import type { Namespaces } from "./injectors/namespaces.ts";
import type { PartitionPicture } from "./picture.ts";

export type FaultContext = {
  readonly cluster: ChaosCluster;
  readonly random: Random;
  /** Who leads partition 0 or is the controller, as far as the cluster tells; else anybody. */
  readonly target: (who: "leader" | "controller" | "anybody") => Promise<ChaosBroker>;
  readonly wait: (ms: number) => Promise<void>;
  /** Notes when a broker stopped serving, for the stalls in the report. */
  readonly note: (what: string, broker?: ChaosBroker) => void;
  /** What any broker knows of the topic now; empty when none answers. */
  readonly picture: () => Promise<readonly PartitionPicture[]>;
};

/** One fault from its beginning to the end of its cause; what it broke heals afterwards. */
type Fault = (context: FaultContext) => Promise<void>;

/** Long enough to miss thousands of records; short beside the patience of producers. */
const RELAY_AWAY_MS = 5_000;
const RELAY_LOOK_MS = 20;
const RELAY_MS_MAX = 30_000;

const TARGETS = ["leader", "controller", "anybody"] as const;

/** Every fault by its name in `--faults`. */
export const FAULTS = {
  /** SIGKILL, started again 0 to 10 s later. */
  async kill({ random, target, wait, note }) {
    const broker = await target(oneOf(TARGETS, random));
    note(`kill -9 broker ${broker.brokerId}`, broker);
    await broker.kill();
    await wait(random.next() * 10_000);
    note(`start broker ${broker.brokerId}`);
    broker.start();
  },
  /** SIGSTOP for 0.5 to 20 s: shorter and longer than a session. */
  async pause({ random, target, wait, note }) {
    const broker = await target(oneOf(TARGETS, random));
    const pauseMs = 500 + random.next() * 19_500;
    note(`SIGSTOP broker ${broker.brokerId} for ${Math.round(pauseMs)} ms`, broker);
    broker.pause();
    await wait(pauseMs);
    broker.resume();
    note(`SIGCONT broker ${broker.brokerId}`);
  },
  /** A broker comes back after a while, and the leader dies in the moment in which it is in sync. */
  relay: (context) =>
    relay(context, async (late) => {
      const [first] = await context.picture();
      return first?.isr.includes(late.brokerId) === true && first.leader !== late.brokerId;
    }),
  /** The same before it is in sync: as soon as it answers at all. */
  earlyRelay: (context) => relay(context, async (late) => (await late.answers()) !== undefined),
  /** SIGTERM and a new start as soon as the process has gone. */
  async restart({ random, target, note }) {
    const broker = await target(oneOf(TARGETS, random));
    note(`SIGTERM broker ${broker.brokerId}`, broker);
    await broker.terminate();
    note(`start broker ${broker.brokerId}`);
    broker.start();
  },
  /** SIGKILL of the ensemble's leader, started again after 3 s. */
  async zookeeperLeader({ cluster, wait, note }) {
    const leader = (await cluster.ensemble.leader()) ?? 0;
    note(`kill -9 ZooKeeper's leader, server ${leader}`);
    await cluster.ensemble.kill(leader);
    await wait(3_000);
    cluster.ensemble.start(leader);
    await cluster.ensemble.ready();
  },
  quorum5: (context) => loseQuorum(context, 5_000),
  quorum30: (context) => loseQuorum(context, 30_000),
  /** A broker cut off from the other brokers: it leads, and nobody follows. */
  cutBrokers: (context) => cutOff(context, ["brokers"]),
  /** From ZooKeeper only. */
  cutZooKeeper: (context) => cutOff(context, ["zookeeper"]),
  /** From the clients only. */
  cutClients: (context) => cutOff(context, ["clients"]),
  /** From everybody. */
  cutAll: (context) => cutOff(context, ["brokers", "zookeeper", "clients"]),
  /** Nothing comes in from brokers and ZooKeeper, while everything goes out. */
  oneWay: (context) =>
    onNetwork(context, "hears neither brokers nor ZooKeeper", (network, index, { cluster }) => {
      const others = [...cluster.addressesOf("brokers"), ...cluster.addressesOf("zookeeper")];
      network.cutIncoming(
        index,
        others.filter((other) => other !== network.host(index).address),
      );
    }),
  /** One packet of twenty gets lost on its way in. */
  loss: (context) =>
    onNetwork(context, "loses 5 % of its packets", (network, index) => {
      network.loseIncoming(index, 0.05);
    }),
  /** From brokers and ZooKeeper for a moment, and not, and again: no session is lost by it. */
  flapping: (context) =>
    flickering(context, "flaps", (network, index, others) => {
      network.cut(index, others);
    }),
  /** Connections are reset again and again. */
  resets: (context) =>
    flickering(context, "has its connections reset", (network, index, others) => {
      network.resetIncoming(index, others);
    }),
} satisfies Record<string, Fault>;

export type FaultName = keyof typeof FAULTS;

export const FAULT_NAMES = Object.keys(FAULTS) as readonly FaultName[];

/** Need hosts of their own (`--network`). */
export const NETWORK_FAULTS: readonly FaultName[] = [
  "cutBrokers",
  "cutZooKeeper",
  "cutClients",
  "cutAll",
  "oneWay",
  "loss",
  "flapping",
  "resets",
];

/** Shorter and longer than a session. */
const NETWORK_FAULT_MS = { min: 2_000, max: 20_000 };

/** Of flickering faults: this long broken, this long whole. */
const FLICKER_MS = 200;

type Others = Parameters<ChaosCluster["addressesOf"]>[0];

function cutOff(context: FaultContext, from: readonly Others[]): Promise<void> {
  return onNetwork(context, `cut from ${from.join(", ")}`, (network, index, { cluster }) => {
    const own = network.host(index).address;
    const others = from.flatMap((who) => cluster.addressesOf(who));
    network.cut(
      index,
      others.filter((other) => other !== own),
    );
  });
}

async function onNetwork(
  context: FaultContext,
  what: string,
  breakIt: (network: Namespaces, index: number, context: FaultContext) => void,
): Promise<void> {
  const { cluster, random, target, wait, note } = context;
  const network = cluster.namespaces;
  if (network === undefined) throw new RangeError("network faults need --network");
  const broker = await target(oneOf(TARGETS, random));
  const { min, max } = NETWORK_FAULT_MS;
  const lastsMs = min + random.next() * (max - min);
  note(`broker ${broker.brokerId} ${what} for ${Math.round(lastsMs)} ms`, broker);
  breakIt(network, cluster.hostIndexOf(broker), context);
  await wait(lastsMs);
  network.heal();
  note(`the network of broker ${broker.brokerId} is whole again`);
}

/** Broken and whole in turns, for as long as other faults of the network last. */
async function flickering(
  context: FaultContext,
  what: string,
  breakIt: (network: Namespaces, index: number, others: readonly string[]) => void,
): Promise<void> {
  const { cluster, random, target, wait, note } = context;
  const network = cluster.namespaces;
  if (network === undefined) throw new RangeError("network faults need --network");
  const broker = await target(oneOf(TARGETS, random));
  const index = cluster.hostIndexOf(broker);
  const others = [...cluster.addressesOf("brokers"), ...cluster.addressesOf("zookeeper")].filter(
    (other) => other !== network.host(index).address,
  );
  const { min, max } = NETWORK_FAULT_MS;
  const lastsMs = min + random.next() * (max - min);
  note(`broker ${broker.brokerId} ${what} for ${Math.round(lastsMs)} ms`, broker);
  for (let turn = 0; turn < lastsMs / FLICKER_MS; turn++) {
    if (turn % 2 === 0) breakIt(network, index, others);
    else network.heal();
    await wait(FLICKER_MS);
  }
  network.heal();
  note(`the network of broker ${broker.brokerId} is whole again`);
}

async function relay(
  context: FaultContext,
  isTime: (late: ChaosBroker) => Promise<boolean>,
): Promise<void> {
  const { random, target, wait, note } = context;
  const late = await target(oneOf(TARGETS, random));
  note(`kill -9 broker ${late.brokerId}`, late);
  await late.kill();
  await wait(RELAY_AWAY_MS);
  note(`start broker ${late.brokerId}`);
  late.start();
  const giveUpAt = performance.now() + RELAY_MS_MAX;
  while (performance.now() < giveUpAt && !(await isTime(late))) {
    await new Promise((resolve) => setTimeout(resolve, RELAY_LOOK_MS));
  }
  const leader = await target("leader");
  note(`kill -9 broker ${leader.brokerId}`, leader);
  await leader.kill();
  await wait(RELAY_AWAY_MS);
  note(`start broker ${leader.brokerId}`);
  leader.start();
}

async function loseQuorum({ cluster, wait, note }: FaultContext, forMs: number): Promise<void> {
  note(`kill -9 two ZooKeeper servers for ${forMs / 1_000} s`);
  await Promise.all([0, 1].map((server) => cluster.ensemble.kill(server)));
  await wait(forMs);
  for (const server of [0, 1]) cluster.ensemble.start(server);
  await cluster.ensemble.ready();
  note("ZooKeeper has a quorum again");
}

function oneOf<T>(choices: readonly T[], random: Random): T {
  const choice = choices[Math.floor(random.next() * choices.length)];
  if (choice === undefined) throw new RangeError("there is nothing to choose from");
  return choice;
}
