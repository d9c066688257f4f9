import { type BrokerId, brokerEpoch, brokerId, offset } from "@zoolog/base";
import { type ClosestReplicaView, closestReplica } from "./closest-replica.ts";
import { FollowerProgress } from "./follower-progress.ts";
import type { LiveBroker } from "./isr-rules.ts";

const NOW = 10_000;

/** Broker `id` follows, registered under epoch `10 × id`. */
function follower(given: { id: number; end: number; start?: number; at?: number }) {
  const progress = new FollowerProgress(0);
  progress.fetched({
    fetchOffset: offset(given.end),
    logStartOffset: offset(given.start ?? 0),
    leaderEndOffset: offset(100),
    brokerEpoch: brokerEpoch(given.id * 10),
    now: given.at ?? NOW - 500,
  });
  return progress;
}

const live = (id: number, rack: string | undefined, given: Partial<LiveBroker> = {}) =>
  [
    brokerId(id),
    { brokerEpoch: brokerEpoch(id * 10), shuttingDown: false, rack, ...given },
  ] as const;

/** 1 leads in rack a; 2 and 3 follow in b, 3 is further; 4 follows in c. */
function view(given: Partial<ClosestReplicaView> = {}): ClosestReplicaView {
  return {
    leader: brokerId(1),
    isr: [1, 2, 3, 4].map(brokerId),
    followers: new Map<BrokerId, FollowerProgress>([
      [brokerId(2), follower({ id: 2, end: 80 })],
      [brokerId(3), follower({ id: 3, end: 90 })],
      [brokerId(4), follower({ id: 4, end: 100 })],
    ]),
    brokers: new Map([live(1, "a"), live(2, "b"), live(3, "b"), live(4, "c")]),
    now: NOW,
    ...given,
  };
}

/** Broker 4, the only one in rack c, is another one than in `view`. */
const four = (given: Partial<Parameters<typeof follower>[0]>): Partial<ClosestReplicaView> => ({
  followers: new Map([[brokerId(4), follower({ id: 4, end: 100, ...given })]]),
});

const choose = (rack: string, at: number, given: Partial<ClosestReplicaView> = {}) =>
  closestReplica({ rack, fetchOffset: offset(at) }, view(given));

test("of several in the consumer's rack, the one that is furthest", () => {
  expect(choose("b", 50)).toBe(3);
  expect(choose("c", 50)).toBe(4);
});

test("the leader serves its own rack, and racks in which nobody is", () => {
  expect(choose("a", 50)).toBeUndefined();
  expect(choose("d", 50)).toBeUndefined();
});

test("a leader of no rack and brokers of none are close to nobody", () => {
  expect(choose("a", 50, { brokers: new Map([live(1, undefined), live(2, undefined)]) })).toBe(
    undefined,
  );
});

test("a second replica in the leader's rack is no closer than the leader", () => {
  expect(choose("a", 50, { brokers: new Map([live(1, "a"), live(3, "a")]) })).toBeUndefined();
});

test("its log must have the offset, or end there", () => {
  expect(choose("c", 100, four({}))).toBe(4);
  expect(choose("c", 101, four({}))).toBeUndefined();
  expect(choose("c", 9, four({ start: 10 }))).toBeUndefined();
  expect(choose("c", 10, four({ start: 10 }))).toBe(4);
});

test.each<[string, Partial<ClosestReplicaView>]>([
  ["is not in sync", { isr: [1, 2, 3].map(brokerId) }],
  ["is not registered", { brokers: new Map([live(1, "a")]) }],
  ["is leaving", { brokers: new Map([live(1, "a"), live(4, "c", { shuttingDown: true })]) }],
  [
    "has registered anew since it fetched",
    { brokers: new Map([live(1, "a"), live(4, "c", { brokerEpoch: brokerEpoch(41) })]) },
  ],
  ["has not fetched for long", four({ at: NOW - 3_001 })],
  [
    "has not fetched in this epoch",
    { followers: new Map([[brokerId(4), new FollowerProgress(0)]]) },
  ],
])("nobody is sent to a replica that %s", (_, given) => {
  expect(choose("c", 50)).toBe(4);
  expect(choose("c", 50, given)).toBeUndefined();
});
