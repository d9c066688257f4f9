import { PassThrough, Readable } from "node:stream";
import { brokerId, leaderEpoch, offset } from "@zoolog/base";
import { type Answers, ScriptedAnswers } from "@zoolog/testkit";
import { runCommandLine } from "./main.ts";
import { Terminal } from "./terminal.ts";

export type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string };

const TOPIC_ID = "AAAAAAAAAAAAAAAAAAAAAA" as never;
const broker = (id: number) => ({
  brokerId: brokerId(id),
  host: "broker",
  port: 8_000 + id,
  url: `http://broker:${8_000 + id}`,
});

/** Brokers 1 and 2; topic "orders": partition 0 holds 100 to 200, partition 1 holds 0 to 50. */
export const ORDERS: readonly { readonly start: number; readonly end: number }[] = [
  { start: 100, end: 200 },
  { start: 0, end: 50 },
];

/** What a quiet cluster answers; tests replace what theirs is about. */
export function quietCluster(): Answers {
  const partitions = ORDERS.map((_, partition) => ({
    partition,
    leader: brokerId(partition + 1),
    leaderEpoch: leaderEpoch(3),
    replicas: [brokerId(partition + 1), brokerId(2 - partition)],
    isr: [brokerId(1), brokerId(2)],
    offlineReplicas: [],
  }));
  const unknown = (topic: string) => ({
    topic,
    error: { code: "UNKNOWN_TOPIC_OR_PARTITION", message: `there is no topic ${topic}` },
  });
  return {
    "describe-cluster": () => ({
      clusterId: "test",
      controllerId: brokerId(1),
      brokers: [broker(1), broker(2)],
      topicCount: 1,
      partitionCount: 2,
      offlinePartitionCount: 0,
      underReplicatedPartitionCount: 0,
      version: "0.1.0",
    }),
    metadata: ({ topics = ["orders"] }) => ({
      clusterId: "test",
      controllerId: brokerId(1),
      brokers: [broker(1), broker(2)],
      topics: topics.map((topic) =>
        topic === "orders"
          ? { topic, topicId: TOPIC_ID, isInternal: false, partitions }
          : unknown(topic),
      ),
    }),
    "describe-topics": ({ topics = ["orders"] }, id) => ({
      topics: topics.map((topic) =>
        topic === "orders"
          ? {
              topic,
              topicId: TOPIC_ID,
              isInternal: false,
              partitions: partitions.map((it) => ({
                ...it,
                logStartOffset: offset(ORDERS[it.partition]?.start ?? 0),
                highWatermark: offset(ORDERS[it.partition]?.end ?? 0),
                sizeBytes: 1_000 * id,
              })),
              configs: { "retention.ms": { value: "1000", source: "topic" } },
            }
          : unknown(topic),
      ),
    }),
    "list-offsets": ({ topics }) => ({
      topics: topics.map((asked) => ({
        topic: asked.topic,
        partitions: asked.partitions.map(({ at, partition }) => {
          const { end, start } = ORDERS[partition] ?? { start: 0, end: 0 };
          if (typeof at === "object") return { partition, offset: offset(start + 10) };
          return { partition, offset: offset(at === "earliest" ? start : end) };
        }),
      })),
    }),
    "find-coordinator": ({ groups }) => ({
      groups: groups.map((group) => ({ group, ...broker(2) })),
    }),
  };
}

/** An empty group that has committed orders-0 at 150. */
export function emptyGroup(): Answers {
  return {
    ...quietCluster(),
    "describe-groups": ({ groups }) => ({
      groups: groups.map((group) => ({
        group,
        type: "consumer",
        state: "empty",
        groupEpoch: 7,
        coordinator: brokerId(2),
        members: [],
      })),
    }),
    "committed-offsets": () => ({
      topics: [{ topic: "orders", partitions: [{ partition: 0, offset: offset(150) }] }],
    }),
    "group-lag": ({ groups }) => ({
      groups: groups.map((group) => ({
        group,
        state: "empty",
        lag: 50,
        lagMs: 75_000,
        unanswered: 0,
        topics: [
          {
            topic: "orders",
            partitions: [
              {
                partition: 0,
                committed: offset(150),
                logStartOffset: offset(100),
                highWatermark: offset(200),
                lag: 50,
                lagMs: 75_000,
              },
            ],
          },
        ],
      })),
    }),
    "list-groups": (_request, id) => ({
      groups:
        id === 2
          ? [
              {
                group: "billing",
                type: "consumer",
                state: "empty",
                members: 0,
                coordinator: brokerId(2),
              },
            ]
          : [],
    }),
    "commit-offsets": ({ topics }) => ({
      topics: topics.map(({ partitions, topic }) => ({
        topic,
        partitions: partitions.map(({ partition }) => ({ partition })),
      })),
    }),
    "delete-groups": ({ groups }) => ({ groups: groups.map((group) => ({ group })) }),
    "delete-offsets": ({ topics }) => ({
      topics: topics.map(({ partitions, topic }) => ({
        topic,
        partitions: partitions.map((partition) => ({ partition })),
      })),
    }),
  };
}

/** The same with two members. */
export function activeGroup(): Answers {
  const member = (name: string) => ({
    memberId: `${name}-id`,
    clientId: name,
    clientHost: "10.0.0.7",
    memberEpoch: 7,
    assignment: [{ topic: "orders", partitions: [0] }],
  });
  return {
    ...emptyGroup(),
    "describe-groups": ({ groups }) => ({
      groups: groups.map((group) => ({
        group,
        type: "consumer",
        state: "stable",
        groupEpoch: 7,
        coordinator: brokerId(2),
        members: [member("worker-1"), member("worker-2")],
      })),
    }),
  };
}

/** Runs one command line against brokers that answer so. Nobody can be asked; nothing is a terminal. */
export async function run(
  words: readonly string[],
  answers: Answers = quietCluster(),
  input = "",
  env: Readonly<Record<string, string>> = {},
): Promise<Ran & { readonly brokers: ScriptedAnswers }> {
  const brokers = new ScriptedAnswers(answers);
  const written = { stdout: "", stderr: "" };
  const sink = (name: "stdout" | "stderr") => {
    const stream = new PassThrough();
    stream.on("data", (chunk) => {
      written[name] += String(chunk);
    });
    return stream;
  };
  const terminal = new Terminal({
    stdin: Readable.from(input === "" ? [] : [Buffer.from(input)]),
    stdout: sink("stdout"),
    stderr: sink("stderr"),
    env: { ZOOLOG_BOOTSTRAP: "http://broker:8001", ...env },
    onInterrupt: () => () => {},
  });
  const code = await runCommandLine(words, terminal, { transport: brokers });
  terminal.release();
  return { code, ...written, brokers };
}

/** What was sent of one call. */
export function sent(brokers: ScriptedAnswers, call: string): unknown[] {
  return brokers.requests.filter((it) => it.call === call).map(({ request }) => request);
}
