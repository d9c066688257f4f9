import type { ConfigResource } from "@zoolog/client";
import { ERRAND_MS, Errands, type ErrandTools } from "./errands.ts";
import type { Workload, WorkloadParts } from "./workload.ts";

type Change = {
  readonly of: "topic" | "broker" | "all";
  readonly name: string;
  readonly values: readonly string[];
};

/** None of them weakens what a world promises; `min.insync.replicas` never falls below two. */
const CHANGES: readonly Change[] = [
  { of: "topic", name: "segment.bytes", values: ["1024", "4096", "65536"] },
  { of: "topic", name: "min.insync.replicas", values: ["2", "3"] },
  { of: "topic", name: "flush", values: ["os", "fsync"] },
  { of: "topic", name: "message.timestamp.type", values: ["CreateTime", "LogAppendTime"] },
  { of: "broker", name: "log.segment.bytes", values: ["1024", "16384"] },
  { of: "broker", name: "log.index.interval.bytes", values: ["1", "512", "4096"] },
  { of: "broker", name: "fetch.max.wait.ms", values: ["100", "30000"] },
  { of: "all", name: "group.initial.rebalance.delay.ms", values: ["0", "500"] },
  { of: "all", name: "group.consumer.heartbeat.interval.ms", values: ["500", "2000"] },
  { of: "all", name: "num.partitions", values: ["1", "2"] },
];

/** Settings of a topic and of brokers change while everything runs. */
export function configChanges(
  { topic, isFlushFixed }: { readonly topic: string; readonly isFlushFixed: boolean },
  parts: WorkloadParts,
): Workload {
  const changes = CHANGES.filter(({ name }) => name !== "flush" || !isFlushFixed);
  return new Errands(
    { name: "configurer", meanRestMs: 1_000 },
    {
      parts,
      errand: (tools) => change(topic, changes, tools),
      // A partition that lost a replica for good could take no more records.
      tidy: async ({ client }) => {
        const back = [{ name: "min.insync.replicas", operation: "delete" as const }];
        await client.admin.configs.alter({ topic }, back, { timeoutMs: ERRAND_MS });
      },
    },
  );
}

async function change(
  topic: string,
  changes: readonly Change[],
  { chance, client, world }: ErrandTools,
): Promise<void> {
  const { name, of, values } = pick(changes, chance.next());
  const { brokerId } = pick(world.hosts, chance.next());
  const resources: Readonly<Record<Change["of"], ConfigResource>> = {
    topic: { topic },
    broker: { broker: brokerId },
    all: { broker: "default" },
  };
  const value = pick(values, chance.next());
  const isBack = chance.next() < 0.25;
  const wanted = isBack
    ? { name, operation: "delete" as const }
    : { name, operation: "set" as const, value };
  await client.admin.configs.alter(resources[of], [wanted], { timeoutMs: ERRAND_MS });
}

function pick<T>(from: readonly T[], drawn: number): T {
  const picked = from[Math.floor(drawn * from.length)];
  if (picked === undefined) throw new RangeError("nothing to pick from");
  return picked;
}
