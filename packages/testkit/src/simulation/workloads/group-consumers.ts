import { type Client, type ConsumerPartition, serde, topic, ZoologError } from "@zoolog/client";
import type { Workload, WorkloadParts } from "./workload.ts";

/** How often commits that were acknowledged are noted, ms. */
const NOTE_COMMITS_MS = 250;
const LOOK_MS = 200;

/** Members of one group, which note each record before it counts as handled. */
export class GroupConsumers implements Workload {
  static readonly group = "g";
  readonly #options: { readonly members: number };
  readonly #parts: WorkloadParts;
  readonly #tasks: Promise<void>[] = [];
  readonly #clients: Client[] = [];

  constructor(options: { readonly members: number }, parts: WorkloadParts) {
    this.#options = options;
    this.#parts = parts;
  }

  start(): void {
    for (let i = 1; i <= this.#options.members; i++) this.#tasks.push(this.#consume(`member-${i}`));
  }

  /** Waits until the group has committed everything before `ends`, by partition. */
  async drained(admin: Client, ends: ReadonlyMap<number, number>): Promise<void> {
    const { process } = this.#parts.world.client("group observer");
    for (;;) {
      const offsets = await admin.admin.groups.offsets(GroupConsumers.group).catch(() => []);
      const committed = new Map(offsets.map(({ partition, offset }) => [partition, offset]));
      if ([...ends].every(([partition, end]) => (committed.get(partition) ?? 0) >= end)) return;
      await process.sleep(LOOK_MS);
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await Promise.all(this.#tasks);
  }

  async #consume(name: string): Promise<void> {
    const { world, history } = this.#parts;
    const entries = history.groupEntries;
    const { client, process } = world.client(name);
    this.#clients.push(client);
    const at = (): number => world.schedule.nowMs;
    const acknowledged = new Map<number, number>();
    const noteOwnership =
      (f: "assigned" | "revoked" | "lost") => (partitions: readonly ConsumerPartition[]) => {
        if (f === "revoked") noteCommits();
        const owned = partitions.map(({ partition }) => partition);
        if (f === "assigned") for (const partition of owned) acknowledged.delete(partition);
        entries.push({ f, member: name, at: at(), partitions: owned });
      };
    const consumer = client.consumer({
      group: GroupConsumers.group,
      topics: [topic(this.#parts.topic, { value: serde.string() })],
      from: "earliest",
      commitIntervalMs: 500,
      onAssigned: noteOwnership("assigned"),
      onRevoked: noteOwnership("revoked"),
      onLost: noteOwnership("lost"),
    });
    const noteCommits = (): void => {
      for (const { committed: offset, partition } of consumer.assignment()) {
        if (offset === undefined || acknowledged.get(partition) === offset) continue;
        acknowledged.set(partition, offset);
        entries.push({ f: "acknowledged", member: name, at: at(), partition, offset });
      }
    };
    const noting = process.scheduler.every(NOTE_COMMITS_MS, noteCommits);
    try {
      for await (const { offset, partition, value } of consumer) {
        const epoch = consumer.memberEpoch;
        const hash = value ?? "";
        entries.push({ f: "processed", member: name, at: at(), partition, offset, epoch, hash });
      }
    } catch (error) {
      if (!(error instanceof ZoologError && error.code === "CLOSED")) throw error;
    } finally {
      noting.cancel();
    }
  }
}
