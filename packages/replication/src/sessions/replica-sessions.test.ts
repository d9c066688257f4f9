import { brokerId, leaderEpoch, offset, type TopicId } from "@zoolog/base";
import type { ReplicateRequest } from "@zoolog/protocol";
import fc from "fast-check";
import { FetchSession, type WantedPartition } from "../follower/fetch-session.ts";
import {
  ReplicaSession,
  ReplicaSessions,
  replicaKey,
  type SessionPartition,
} from "./replica-sessions.ts";

const TOPIC = "A".repeat(22) as TopicId;
const TWO = brokerId(2);

const limits = { maxWaitMs: 500, minBytes: 1, maxBytes: 1_000 };

const ask = (id: number, epoch: number, partitions: number[] = []): ReplicateRequest => ({
  ...limits,
  session: { id, epoch },
  topics: [
    {
      topicId: TOPIC,
      partitions: partitions.map((partition) => ({
        partition,
        currentLeaderEpoch: leaderEpoch(0),
        fetchOffset: offset(0),
        logStartOffset: offset(0),
        partitionMaxBytes: 100,
      })),
    },
  ],
  forgotten: [],
});

function opened(sessions: ReplicaSessions, request: ReplicateRequest, broker = TWO) {
  const session = sessions.open(broker, request);
  if (!(session instanceof ReplicaSession)) throw new Error(session.message);
  return session;
}

const numbers = (partitions: readonly SessionPartition[]) =>
  partitions.map(({ partition }) => partition);

/** All that it has: nothing was looked at for ever. */
const partitionsOf = (session: ReplicaSession) =>
  numbers(session.partitions(Number.POSITIVE_INFINITY));

test("a session remembers what was named, and takes up what is new", () => {
  const sessions = new ReplicaSessions();
  const { id } = opened(sessions, ask(0, 0, [0, 1]));

  expect(partitionsOf(opened(sessions, ask(id, 1, [2])))).toEqual([0, 1, 2]);
  expect(partitionsOf(opened(sessions, ask(id, 2)))).toEqual([0, 1, 2]);
});

test("a call that comes twice, or out of turn, is refused and changes nothing", () => {
  const sessions = new ReplicaSessions();
  const { id } = opened(sessions, ask(0, 0, [0]));
  opened(sessions, ask(id, 1));

  const refused = { error: "INVALID_FETCH_SESSION_EPOCH" };
  expect(sessions.open(TWO, ask(id, 1, [7]))).toMatchObject(refused);
  expect(sessions.open(TWO, ask(id, 3, [7]))).toMatchObject(refused);
  expect(partitionsOf(opened(sessions, ask(id, 2)))).toEqual([0]);
});

test("a session is its broker's: nobody else can speak in it", () => {
  const sessions = new ReplicaSessions();
  const { id } = opened(sessions, ask(0, 0, [0]));

  const stranger = sessions.open(brokerId(3), ask(id, 1));

  expect(stranger).toMatchObject({ error: "FETCH_SESSION_ID_NOT_FOUND" });
});

test("beginning anew ends the session before, and so does saying so", () => {
  const sessions = new ReplicaSessions();
  const first = opened(sessions, ask(0, 0, [0]));
  const second = opened(sessions, ask(first.id, 0, [1]));
  expect(sessions.size).toBe(1);

  expect(opened(sessions, ask(second.id, -1)).id).toBe(0);
  expect(sessions.size).toBe(0);
});

test("what connections left behind is bounded: the least used goes first", () => {
  const sessions = new ReplicaSessions();
  const ids = [1, 2, 3, 4].map(() => opened(sessions, ask(0, 0, [0])).id);
  opened(sessions, ask(ids[0] ?? 0, 1));

  opened(sessions, ask(0, 0, [0]));

  expect(sessions.size).toBe(4);
  const gone = { error: "FETCH_SESSION_ID_NOT_FOUND" };
  expect(sessions.open(TWO, ask(ids[1] ?? 0, 1))).toMatchObject(gone);
  expect(sessions.open(TWO, ask(ids[0] ?? 0, 2))).toBeInstanceOf(ReplicaSession);
});

test("who was served goes behind the others", () => {
  const sessions = new ReplicaSessions();
  const session = opened(sessions, ask(0, 0, [0, 1, 2]));
  const [first] = session.partitions(0);

  if (first !== undefined) session.moveToEnd(first);

  expect(partitionsOf(session)).toEqual([1, 2, 0]);
});

test("between two looks at everything, only what was named or noticed is due", () => {
  const sessions = new ReplicaSessions();
  const session = opened(sessions, ask(0, 0, [0, 1, 2]));
  const look = (now: number) => {
    const partitions = session.partitions(now);
    for (const partition of partitions) session.settle(partition);
    return numbers(partitions);
  };

  expect(look(0)).toEqual([0, 1, 2]);
  expect(look(10)).toEqual([]);
  sessions.notice(TWO, replicaKey(TOPIC, 1));
  sessions.notice(TWO, replicaKey(TOPIC, 7));
  sessions.notice(brokerId(3), replicaKey(TOPIC, 0));
  expect(look(20)).toEqual([1]);
  opened(sessions, ask(session.id, 1, [2]));
  expect(look(30)).toEqual([2]);
  expect(look(500)).toEqual([0, 1, 2]);
});

test("what has come since a look began stays due", () => {
  const sessions = new ReplicaSessions();
  const session = opened(sessions, ask(0, 0, [0]));
  const [looked] = session.partitions();
  opened(sessions, ask(session.id, 1, [0]));

  if (looked !== undefined) session.settle(looked);

  expect(numbers(session.partitions())).toEqual([0]);
});

/** What a follower wants in one call: by partition, the offset that it asks for. */
const wants = fc.array(
  fc.record({
    wanted: fc.dictionary(fc.constantFrom("0", "1", "2", "3"), fc.integer({ min: 0, max: 3 })),
    /** The answer gets lost, so the follower begins anew. */
    isLost: fc.boolean(),
  }),
  { maxLength: 15 },
);

test("whatever changes between calls, the leader knows exactly what the follower asks for", () => {
  fc.assert(
    fc.property(wants, (calls) => {
      const sessions = new ReplicaSessions();
      const follower = new FetchSession({ partitionMaxBytes: 100 });
      let known = new Map<string, WantedPartition>();
      for (const { wanted, isLost } of calls) {
        const asked = new Map(
          Object.entries(wanted).map(([partition, from]): [string, WantedPartition] => [
            replicaKey(TOPIC, Number(partition)),
            {
              topicId: TOPIC,
              partition: Number(partition),
              position: {
                currentLeaderEpoch: leaderEpoch(1),
                fetchOffset: offset(from),
                logStartOffset: offset(0),
              },
            },
          ]),
        );

        for (const key of known.keys()) if (!asked.has(key)) follower.forget(key);
        for (const [key, want] of asked) follower.want(key, want);
        known = asked;

        const session = opened(sessions, { ...limits, ...follower.next() });

        const all = session.partitions(Number.POSITIVE_INFINITY);
        const heard = all.map(({ key, fetchOffset }) => [key, fetchOffset]);
        const meant = [...asked].map(([key, { position }]) => [key, position.fetchOffset]);
        expect(new Map(heard as [string, number][])).toEqual(new Map(meant as [string, number][]));
        const { id, epoch } = session;
        if (isLost) follower.reset();
        else follower.answered({ session: { id, epoch }, topics: [] });
      }
    }),
  );
});
