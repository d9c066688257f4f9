import type { Cluster } from "../cluster/cluster.ts";
import type { FoundOffset, OffsetLookup } from "../cluster/offset-lookup.ts";
import { type OffsetReset, planMoves } from "./offset-reset.ts";

const NOW = 10_000_000;

/** Three partitions of 100 to 200; the record at 110 was written an hour ago, nothing later is. */
function plan(reset: OffsetReset) {
  const offsetAt = (at: unknown): number | undefined => {
    if (at === "earliest") return 100;
    if (at === "latest") return 200;
    return (at as { timestamp: number }).timestamp <= NOW - 3_600_000 ? 110 : undefined;
  };
  const find: OffsetLookup["find"] = async (_, wanted) =>
    new Map(
      [...wanted].map(([partition, at]): [number, FoundOffset] => [
        partition,
        { offset: offsetAt(at), timestamp: undefined },
      ]),
    );
  const committed = [
    { topic: "orders", partition: 2, offset: 250 },
    { topic: "orders", partition: 0, offset: 150 },
  ];
  return planMoves(
    reset,
    committed,
    {
      lookup: { find } as OffsetLookup,
      cluster: { topic: async () => ({ partitionCount: 3 }) } as unknown as Cluster,
      clock: { now: () => NOW, monotonic: () => 0 } as never,
    },
    { timeoutMs: 1 } as never,
  );
}

test.each<[string, OffsetReset & { readonly to: unknown }, object]>([
  ["the start", { to: "start" }, { after: 100, difference: -50, lagBefore: 50, lagAfter: 100 }],
  ["the end", { to: "end" }, { after: 200, difference: 50, lagAfter: 0 }],
  ["an offset", { to: 120 }, { after: 120, difference: -30 }],
  ["an offset behind the end", { to: 999 }, { after: 200, asked: 999 }],
  ["an offset before the start", { to: 0 }, { after: 100, asked: 0 }],
  ["a time", { to: new Date(NOW - 7_200_000) }, { after: 110, difference: -40 }],
  ["a time without records", { to: new Date(NOW) }, { after: 200 }],
  ["a duration", { to: { at: "ago", durationMs: 3_600_000 } }, { after: 110 }],
  ["a point of the grammar", { to: { at: "beforeEnd", records: 10 } }, { after: 190 }],
  ["records further on", { to: { shiftBy: 10 } }, { after: 160, difference: 10 }],
  ["records back", { to: { shiftBy: -500 } }, { after: 100, asked: -350 }],
  ["where it is", { to: "current" }, { after: 150, difference: 0 }],
])("a group is moved to %s", async (_, reset, expected) => {
  const [move] = await plan(reset);

  expect(move).toMatchObject({ topic: "orders", partition: 0, before: 150, ...expected });
});

test("what it has committed is meant, unless topics are named; each partition moves once", async () => {
  const partitions = async (reset: OffsetReset) =>
    (await plan(reset)).map(({ before, partition }) => [partition, before]);

  expect(await partitions({ to: "end" })).toEqual([
    [0, 150],
    [2, 250],
  ]);
  const topics = [{ topic: "orders", partitions: [2] }, { topic: "orders" }];
  const all = [
    [0, 150],
    [1, undefined],
    [2, 250],
  ];
  expect(await partitions({ to: "end", topics })).toEqual(all);
  expect(await partitions({ to: { shiftBy: 1 }, topics })).toEqual(all);
  expect(await partitions({ to: "current", topics })).toEqual([all[0], all[2]]);
});

test("an offset that is committed outside the log is brought into it, and has no lag", async () => {
  const [, outside] = await plan({ to: "current" });

  expect(outside).toMatchObject({ before: 250, after: 200, asked: 250, lagBefore: 0 });
});

test("an export is taken partition by partition, with its notes", async () => {
  const moves = await plan({
    offsets: [
      { topic: "orders", partition: 1, offset: 120, metadata: "note" },
      { topic: "orders", partition: 0, offset: 7 },
    ],
  });

  expect(moves).toEqual([
    { topic: "orders", partition: 1, after: 120, lagAfter: 80, metadata: "note" },
    {
      ...{ topic: "orders", partition: 0, before: 150, lagBefore: 50 },
      ...{ after: 100, difference: -50, lagAfter: 100, asked: 7 },
    },
  ]);
});

test.each<[string, OffsetReset]>([
  ["half an offset", { to: 1.5 }],
  ["no date", { to: new Date("never") }],
  ["half a record", { to: { shiftBy: 0.5 } }],
  [
    "a partition twice",
    {
      offsets: [
        { topic: "orders", partition: 0, offset: 1 },
        { topic: "orders", partition: 0, offset: 2 },
      ],
    },
  ],
])("%s is refused", async (_, reset) => {
  await expect(plan(reset)).rejects.toMatchObject({ code: "INVALID_OPTION" });
});
