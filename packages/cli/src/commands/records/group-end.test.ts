import type { Client, Consumer, ConsumerPosition, GroupDescription } from "@zoolog/client";
import { GroupEnd } from "./group-end.ts";

type Member = { assigned?: number[]; target?: number[] };

function groupEnd() {
  const owned = (partitions: number[]) => [{ topic: "orders", partitions }];
  const group = { state: "stable", own: {} as Member | undefined, others: [[0, 1]] };
  const consumer = { memberId: "me", positions: [] as Partial<ConsumerPosition>[] };
  const describe = async () => {
    const { assigned = [], target = [] } = group.own ?? {};
    const own = { memberId: "me", assignment: owned(assigned), target: owned(target) };
    const others = group.others.map((partitions) => ({ assignment: owned(partitions) }));
    const members = group.own === undefined ? others : [...others, own];
    return { state: group.state, members } as unknown as GroupDescription;
  };
  const end = new GroupEnd("billing", {
    consumer: {
      get memberId() {
        return consumer.memberId;
      },
      assignment: () =>
        consumer.positions.map((it) => ({ topic: "orders", ...it }) as ConsumerPosition),
    } as Pick<Consumer<unknown, unknown>, "assignment" | "memberId">,
    client: { admin: { groups: { describe } } } as unknown as Client,
    limits: { timeoutMs: 1, signal: new AbortController().signal },
  });
  return { consumer, end, group };
}

test("it is read when every partition is handled up to where it ended as it was begun", async () => {
  const { consumer, end } = groupEnd();

  consumer.positions = [{ partition: 0 }, { partition: 1, handled: 4, highWatermark: 4 }];
  expect(await end.look()).toBeUndefined();
  consumer.positions = [
    { partition: 0, handled: 0, highWatermark: 10 },
    { partition: 1, handled: 4, highWatermark: 9 },
  ];
  expect(await end.look()).toBeUndefined();
  // Producers go on.
  consumer.positions = [
    { partition: 0, handled: 10, highWatermark: 500 },
    { partition: 1, handled: 4, highWatermark: 900 },
  ];
  expect(await end.look()).toBe("read");
});

test("a partition that went away and comes again has a new end", async () => {
  const { consumer, end, group } = groupEnd();
  group.state = "reconciling";

  consumer.positions = [{ partition: 0, handled: 0, highWatermark: 10 }];
  await end.look();
  consumer.positions = [];
  await end.look();
  consumer.positions = [{ partition: 0, handled: 10, highWatermark: 20 }];

  expect(await end.look()).toBeUndefined();
});

test.each<[string, string, Member | undefined, "leftOut" | undefined]>([
  ["a stable group with nothing for it leaves it out", "stable", {}, "leftOut"],
  ["others may have to give up what it is to have", "reconciling", {}, undefined],
  ["what it is to have may be on its way", "stable", { target: [0] }, undefined],
  ["what it has may not be begun yet", "stable", { assigned: [0] }, undefined],
  ["the group may not know it yet", "stable", undefined, undefined],
])("without partitions: %s", async (_, state, own, found) => {
  const { end, group } = groupEnd();
  Object.assign(group, { state, own });

  expect(await end.look()).toBe(found);
});

test("where no member has a partition there is nothing to read", async () => {
  const { end, group } = groupEnd();
  group.others = [[]];

  expect(await end.look()).toBe("nothingToRead");
});

test("who has not joined yet is not left out", async () => {
  const { consumer, end } = groupEnd();
  consumer.memberId = undefined as never;

  expect(await end.look()).toBeUndefined();
});
