import { type BrokerId, brokerEpoch, brokerId, offset } from "@zoolog/base";
import { FollowerProgress } from "./follower-progress.ts";
import {
  aboutToJoin,
  type InSyncView,
  type LiveBroker,
  laggingMembers,
  mayJoin,
} from "./isr-rules.ts";

const LAG_MS = 1_000;
const TWO = brokerId(2);
const THREE = brokerId(3);

type Fetch = { at: number; from: number; leaderEnd: number; epoch?: number };

function follower(fetches: Fetch[], options: { memberSince?: number } = {}): FollowerProgress {
  const progress = new FollowerProgress(options.memberSince);
  for (const { at, from, leaderEnd, epoch = 20 } of fetches) {
    progress.fetched({
      fetchOffset: offset(from),
      logStartOffset: offset(0),
      leaderEndOffset: offset(leaderEnd),
      brokerEpoch: brokerEpoch(epoch),
      now: at,
    });
  }
  return progress;
}

const live = (epoch: number, shuttingDown = false): LiveBroker => ({
  brokerEpoch: brokerEpoch(epoch),
  shuttingDown,
});

const view = (given: Partial<InSyncView> & { two: FollowerProgress }): InSyncView => ({
  isr: [1, 2].map(brokerId),
  followers: new Map<BrokerId, FollowerProgress>([[TWO, given.two]]),
  leaderEndOffset: offset(10),
  highWatermark: offset(10),
  epochStartOffset: offset(0),
  brokers: new Map([[TWO, live(20)]]),
  now: 5_000,
  lagTimeMaxMs: LAG_MS,
  ...given,
});

describe("leaving", () => {
  test("who has everything stays, however long ago it fetched", () => {
    const two = follower([{ at: 0, from: 10, leaderEnd: 10 }]);

    expect(laggingMembers(view({ two }))).toEqual([]);
  });

  test("who did not fetch what came goes after the lag time, not before", () => {
    const two = follower([{ at: 4_000, from: 9, leaderEnd: 9 }]);

    expect(laggingMembers(view({ two }))).toEqual([]);
    expect(laggingMembers(view({ two, now: 5_001 }))).toEqual([TWO]);
  });

  test("who is always one fetch behind a busy leader is in sync", () => {
    const two = follower([
      { at: 4_000, from: 5, leaderEnd: 8 },
      { at: 4_500, from: 8, leaderEnd: 9 },
      { at: 5_000, from: 9, leaderEnd: 10 },
    ]);

    expect(laggingMembers(view({ two, now: 5_400 }))).toEqual([]);
    expect(laggingMembers(view({ two, now: 5_501 }))).toEqual([TWO]);
  });

  test("who fetches all the time and never gets to the end is not in sync", () => {
    const two = follower(
      [
        { at: 3_000, from: 1, leaderEnd: 8 },
        { at: 4_000, from: 2, leaderEnd: 9 },
        { at: 5_000, from: 3, leaderEnd: 10 },
      ],
      { memberSince: 3_000 },
    );

    expect(laggingMembers(view({ two }))).toEqual([TWO]);
  });

  test("a member has the lag time from the start of the epoch for its first fetch", () => {
    const two = follower([], { memberSince: 4_500 });

    expect(laggingMembers(view({ two }))).toEqual([]);
    expect(laggingMembers(view({ two, now: 5_501 }))).toEqual([TWO]);
  });
});

describe("joining", () => {
  const outside = (given: Parameters<typeof view>[0]) => view({ isr: [brokerId(1)], ...given });
  const two = follower([{ at: 4_900, from: 10, leaderEnd: 10 }]);

  test("who has all that is committed joins", () => {
    expect(mayJoin(TWO, outside({ two }))).toBe(true);
    expect(mayJoin(TWO, outside({ two, highWatermark: offset(11) }))).toBe(false);
  });

  test("a lagging high watermark is not enough: what the epoch began with must be there", () => {
    const given = { two, highWatermark: offset(3) };

    expect(mayJoin(TWO, outside({ ...given, epochStartOffset: offset(10) }))).toBe(true);
    expect(mayJoin(TWO, outside({ ...given, epochStartOffset: offset(11) }))).toBe(false);
  });

  test("offset 0 is an offset: who follows an empty log joins", () => {
    const empty = follower([{ at: 0, from: 0, leaderEnd: 0 }]);
    const none = { leaderEndOffset: offset(0), highWatermark: offset(0) };

    expect(mayJoin(TWO, outside({ two: empty, ...none }))).toBe(true);
  });

  test.each<[string, Partial<InSyncView>]>([
    ["has not fetched in this epoch", { followers: new Map([[TWO, new FollowerProgress(0)]]) }],
    ["is not assigned", { followers: new Map([[THREE, two]]) }],
    ["is not registered", { brokers: new Map() }],
    ["has registered anew since", { brokers: new Map([[TWO, live(21)]]) }],
    ["is leaving", { brokers: new Map([[TWO, live(20, true)]]) }],
    ["is a member already", { isr: [1, 2].map(brokerId) }],
  ])("nobody joins who %s", (_, given) => {
    expect(mayJoin(TWO, outside({ two, ...given }))).toBe(false);
  });

  test("the high watermark waits for who is about to join, not for who is far behind", () => {
    const far = follower([{ at: 5_000, from: 2, leaderEnd: 10 }]);

    expect(aboutToJoin(outside({ two }))).toEqual([TWO]);
    expect(aboutToJoin(outside({ two: far }))).toEqual([]);
    expect(aboutToJoin(outside({ two, epochStartOffset: offset(11) }))).toEqual([]);
    expect(aboutToJoin(outside({ two, brokers: new Map() }))).toEqual([]);
  });

  test("the high watermark does not wait for who has stopped fetching", () => {
    const waits = (now: number) => aboutToJoin(outside({ two, now, lagTimeMaxMs: 30_000 }));

    expect(waits(5_900)).toEqual([TWO]);
    expect(waits(5_901)).toEqual([]);
  });
});
