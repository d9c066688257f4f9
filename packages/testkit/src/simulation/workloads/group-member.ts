import { type ConsumerPartition, serde, topic, ZoologError } from "@zoolog/client";
import type { GroupEntry } from "../../history/group-history.ts";
import type { WorkloadParts } from "./workload.ts";

export type GroupMemberOptions = {
  readonly group: string;
  /** Of this life. */
  readonly name: string;
  readonly protocol: "consumer" | "classic";
  readonly topics: readonly string[];
  /** It reads everything that the group does. */
  readonly isWhole: boolean;
  readonly instanceId: string | undefined;
  readonly outlivesLosses: boolean;
};

/** One life of a member. */
export type GroupMember = {
  readonly isWhole: boolean;
  readonly hasEnded: boolean;
  /** In order. */
  leave(): Promise<void>;
  /** Its group finds out when its session is over. */
  kill(): void;
  /** As SIGSTOP for a while: it goes on with what it had in hand. */
  freeze(ms: number): Promise<void>;
};

/** How often commits that were acknowledged are noted, ms. */
const NOTE_COMMITS_MS = 250;
const COMMIT_INTERVAL_MS = 500;
/** Short, that others take over within a world of some seconds, ms. */
const SESSION_MS = 6_000;
const REBALANCE_MS = 10_000;

/** Of all records, those that take time: a commit may come while more of their batch wait. */
const SLOW_PART = 0.1;
const SLOW_MS_MAX = 100;

type Consumer = ReturnType<ReturnType<WorkloadParts["world"]["client"]>["client"]["consumer"]>;

export function joinGroup(options: GroupMemberOptions, parts: WorkloadParts): GroupMember {
  const { group, name } = options;
  const { history, world } = parts;
  const { client, process } = world.client(name);
  const notes = new MemberNotes(options, parts);
  const consumer = client.consumer({
    group,
    topics: options.topics.map((one) => topic(one, { value: serde.string() })),
    from: "earliest",
    protocol: options.protocol,
    onOffsetOutOfRange: options.outlivesLosses ? "start" : "fail",
    commitIntervalMs: COMMIT_INTERVAL_MS,
    sessionTimeoutMs: SESSION_MS,
    heartbeatIntervalMs: SESSION_MS / 6,
    rebalanceTimeoutMs: REBALANCE_MS,
    ...(options.instanceId === undefined ? {} : { instanceId: options.instanceId }),
    onAssigned: (partitions) => notes.owned("assigned", partitions),
    onRevoked: (partitions) => {
      notes.commits(consumer);
      notes.owned("revoked", partitions);
    },
    onLost: (partitions) => notes.owned("lost", partitions),
  });
  const noting = process.scheduler.every(NOTE_COMMITS_MS, () => notes.commits(consumer));
  let hasEnded = false;
  const end = (f: "left" | "killed"): void => {
    if (hasEnded) return;
    hasEnded = true;
    noting.cancel();
    history.ofMember(group, { f, member: name, at: world.schedule.nowMs });
    process.kill();
  };
  const chance = world.random.of(`${name} handling`);
  const handled = (): Promise<void> | undefined =>
    chance.next() < SLOW_PART ? process.sleep(SLOW_MS_MAX * chance.next()) : undefined;
  const reading = read(consumer, notes, handled).catch((error: unknown) => {
    parts.complain(`${name} has ended: ${String(error)}`);
  });
  return {
    isWhole: options.isWhole,
    get hasEnded() {
      return hasEnded;
    },
    async leave() {
      if (hasEnded) return;
      await client.close();
      await reading;
      end("left");
    },
    kill: () => end("killed"),
    async freeze(ms) {
      const at = world.schedule.nowMs;
      process.pause();
      await world.wait(ms);
      process.resume();
      const until = world.schedule.nowMs;
      history.ofMember(group, { f: "frozen", member: name, at, until });
    },
  };
}

async function read(
  consumer: AsyncIterable<{
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
    readonly value: string | null | undefined;
  }> &
    Pick<Consumer, "memberEpoch" | "assignment">,
  notes: MemberNotes,
  handled: () => Promise<void> | undefined,
): Promise<void> {
  try {
    for await (const record of consumer) {
      await handled();
      // What was lost meanwhile is not done: whoever has it now does it.
      if (owns(consumer, record)) notes.processed(record, consumer.memberEpoch);
    }
  } catch (error) {
    if (!(error instanceof ZoologError && error.code === "CLOSED")) throw error;
  }
}

function owns(
  consumer: Pick<Consumer, "assignment">,
  record: { readonly topic: string; readonly partition: number },
): boolean {
  return consumer
    .assignment()
    .some(({ partition, topic: name }) => partition === record.partition && name === record.topic);
}

/** What one member writes down, by topic. */
class MemberNotes {
  readonly #options: GroupMemberOptions;
  readonly #parts: WorkloadParts;
  readonly #acknowledged = new Map<string, number>();

  constructor(options: GroupMemberOptions, parts: WorkloadParts) {
    this.#options = options;
    this.#parts = parts;
  }

  owned(f: "assigned" | "revoked" | "lost", partitions: readonly ConsumerPartition[]): void {
    const byTopic = new Map<string, number[]>();
    for (const { partition, topic: name } of partitions) {
      byTopic.set(name, [...(byTopic.get(name) ?? []), partition]);
      if (f === "assigned") this.#acknowledged.delete(`${name}-${partition}`);
    }
    for (const [name, owned] of byTopic) {
      this.#add(name, { f, member: this.#options.name, at: this.#at, partitions: owned });
    }
  }

  /** What it has been told to be kept. */
  commits(consumer: { assignment: Consumer["assignment"] }): void {
    for (const { committed: offset, partition, topic: name } of consumer.assignment()) {
      const key = `${name}-${partition}`;
      if (offset === undefined || this.#acknowledged.get(key) === offset) continue;
      this.#acknowledged.set(key, offset);
      const entry = { member: this.#options.name, at: this.#at, partition, offset };
      this.#add(name, { f: "acknowledged", ...entry });
    }
  }

  processed(
    record: {
      readonly topic: string;
      readonly partition: number;
      readonly offset: number;
      readonly value: string | null | undefined;
    },
    epoch: number | undefined,
  ): void {
    const { offset, partition, value } = record;
    const member = this.#options.name;
    const hash = value ?? "";
    const entry = { member, at: this.#at, partition, offset, epoch, hash };
    this.#add(record.topic, { f: "processed", ...entry });
  }

  get #at(): number {
    return this.#parts.world.schedule.nowMs;
  }

  #add(name: string, entry: GroupEntry): void {
    const { history, topics } = this.#parts;
    const life = topics.lasts(name);
    if (life !== undefined) history.reading(this.#options.group, life.topicId).entries.push(entry);
  }
}
