import type { Random } from "@zoolog/base";
import type { Client } from "@zoolog/client";
import type { ChaosCluster } from "../chaos-cluster.ts";
import type { GroupCrew } from "./group-crew.ts";

export type GroupFaultContext = {
  readonly group: string;
  readonly cluster: ChaosCluster;
  readonly crew: GroupCrew;
  readonly admin: Client;
  readonly random: Random;
  readonly members: { readonly min: number; readonly max: number };
  readonly sessionTimeoutMs: number;
  readonly wait: (ms: number) => Promise<void>;
  readonly note: (what: string) => void;
};

/** One fault from its beginning to the end of its cause. */
type GroupFault = (context: GroupFaultContext) => Promise<void>;

/** What happens to members. One at a time, while servers have faults of their own. */
export const MEMBER_FAULTS = {
  /** SIGKILL; another process takes its place up to 4 s later. */
  async memberKill({ crew, random, wait, note }) {
    const member = oneOf(crew.members, random);
    note(`kill -9 ${member.name}`);
    await member.kill();
    await wait(random.next() * 4_000);
    note(`start ${crew.add().name}`);
  },
  /** SIGSTOP for a part of a session, or for up to two of them. */
  async memberFreeze({ crew, random, sessionTimeoutMs, wait, note }) {
    const member = oneOf(crew.members, random);
    const ms = (random.next() < 0.5 ? 0.5 : 1.1 + random.next() * 0.9) * sessionTimeoutMs;
    note(`SIGSTOP ${member.name} for ${Math.round(ms)} ms`);
    member.freeze();
    await wait(ms);
    member.thaw();
    note(`SIGCONT ${member.name}`);
  },
  async memberJoin(context) {
    const { crew, members, note } = context;
    if (crew.members.length >= members.max) return leaveOne(context);
    note(`start ${crew.add().name}`);
  },
  async memberLeave(context) {
    const { crew, members, note } = context;
    if (crew.members.length > members.min) return leaveOne(context);
    note(`start ${crew.add().name}`);
  },
} satisfies Record<string, GroupFault>;

export const SERVER_FAULTS = {
  /** SIGKILL of the broker that coordinates the group, started again up to 6 s later. */
  async coordinatorKill({ group, admin, cluster, random, wait, note }) {
    const coordinators = await admin.admin.groups
      .coordinators([group], { timeoutMs: 2_000 })
      .catch(() => new Map<string, number | undefined>());
    const wanted = coordinators.get(group);
    const broker =
      cluster.brokers.find(({ brokerId }) => brokerId === wanted) ?? oneOf(cluster.brokers, random);
    note(`kill -9 broker ${broker.brokerId}, ${wanted === undefined ? "any" : "the coordinator"}`);
    await broker.kill();
    await wait(random.next() * 6_000);
    note(`start broker ${broker.brokerId}`);
    broker.start();
    await cluster.until("all brokers are ready", () => cluster.areReady());
  },
  /** SIGKILL of any ZooKeeper server, started again after 3 s. */
  zookeeperServer: (context) => {
    const { cluster, random } = context;
    return killServer(context, Math.floor(random.next() * cluster.ensemble.size));
  },
  async zookeeperLeader(context) {
    await killServer(context, (await context.cluster.ensemble.leader()) ?? 0);
  },
  /** SIGKILL of two servers for 5 s: nothing can be committed. */
  async quorum5({ cluster: { ensemble }, wait, note }) {
    note("kill -9 two ZooKeeper servers for 5 s");
    await Promise.all([0, 1].map((server) => ensemble.kill(server)));
    await wait(5_000);
    for (const server of [0, 1]) ensemble.start(server);
    await ensemble.ready();
    note("ZooKeeper has a quorum again");
  },
} satisfies Record<string, GroupFault>;

export const GROUP_FAULTS = { ...MEMBER_FAULTS, ...SERVER_FAULTS } as const;

export type GroupFaultName = keyof typeof GROUP_FAULTS;

async function leaveOne({ crew, note, random }: GroupFaultContext): Promise<void> {
  const member = oneOf(crew.members, random);
  note(`${member.name} leaves`);
  await member.leave();
}

async function killServer(
  { cluster, wait, note }: GroupFaultContext,
  server: number,
): Promise<void> {
  const { ensemble } = cluster;
  const role = (await ensemble.leader()) === server ? "its leader" : "a follower";
  note(`kill -9 ZooKeeper server ${server}, ${role}`);
  await ensemble.kill(server);
  await wait(3_000);
  ensemble.start(server);
  await ensemble.ready();
}

function oneOf<T>(choices: readonly T[], random: Random): T {
  const choice = choices[Math.floor(random.next() * choices.length)];
  if (choice === undefined) throw new RangeError("there is nothing to choose from");
  return choice;
}
