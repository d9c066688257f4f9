import { offset } from "@zoolog/base";
import type { ProduceRequest } from "@zoolog/protocol";
import type { ReplicaManager } from "@zoolog/replication";
import type { CallContext } from "../broker-api.ts";
import { fetch, listOffsets, produce } from "./data-calls.ts";

const caller: CallContext = {
  signal: new AbortController().signal,
  clientId: "",
  remoteAddress: "",
  principal: { kind: "anonymous" },
  holdWhile: <T>(task: Promise<T>): Promise<T> => task,
};

const to = (topic: string, ...partitions: number[]): ProduceRequest["topics"][number] => ({
  topic,
  partitions: partitions.map((partition) => ({ partition, records: Buffer.alloc(0) })),
});

describe("produce", () => {
  test.each([
    ["in one entry", [to("orders", 0, 1, 0)]],
    ["in two", [to("orders", 0), to("others", 0), to("orders", 1, 0)]],
  ])("to a partition that is named twice %s is refused as a whole", async (_where, topics) => {
    const append = jest.fn();
    const replicas = { produce: append } as unknown as ReplicaManager;

    const produced = produce({ requiredAcks: "all", timeoutMs: 0, topics }, replicas, caller);

    await expect(produced).rejects.toMatchObject({
      code: "INVALID_REQUEST",
      message: expect.stringContaining("orders-0"),
    });
    expect(append).not.toHaveBeenCalled();
  });

  test("to partitions of one number in several topics is answered in their order", async () => {
    const outcomes = [1, 2].map((baseOffset) => ({ baseOffset, logStartOffset: 0 }));
    const replicas = { produce: async () => outcomes } as unknown as ReplicaManager;
    const topics = [to("orders", 0), to("others", 0)];

    const answer = await produce({ requiredAcks: "all", timeoutMs: 0, topics }, replicas, caller);

    expect(answer.topics).toMatchObject([
      { topic: "orders", partitions: [{ baseOffset: 1 }] },
      { topic: "others", partitions: [{ baseOffset: 2 }] },
    ]);
  });
});

test("a fetch and a look for offsets that name a partition twice are refused as a whole", async () => {
  const asked = jest.fn();
  const replicas = { fetch: asked, findOffset: asked } as unknown as ReplicaManager;
  const wanted = {
    partition: 0,
    fetchOffset: offset(0),
    partitionMaxBytes: 1,
    at: "latest",
  } as const;
  const topics = [
    { topic: "orders", partitions: [wanted] },
    { topic: "orders", partitions: [wanted] },
  ];
  const limits = { maxWaitMs: 0, minBytes: 0, maxBytes: 1, isolation: "readUncommitted" } as const;
  const reader = { maxWaitMs: limits.maxWaitMs, signal: caller.signal, memory: undefined };

  const calls = [
    fetch({ ...limits, topics }, replicas, reader),
    listOffsets({ isolation: "readUncommitted", topics }, replicas),
  ];

  const twice = { code: "INVALID_REQUEST", message: expect.stringContaining("orders-0") };
  for (const call of calls) await expect(call).rejects.toMatchObject(twice);
  expect(asked).not.toHaveBeenCalled();
});
