import { brokerId, leaderEpoch } from "@zoolog/base";
import { ReadReplica } from "./read-replica.ts";

const NAMED = { brokerId: brokerId(2), leaderEpoch: leaderEpoch(7), until: 1_000 };

function entered(): ReadReplica {
  const replica = new ReadReplica();
  replica.enter(NAMED);
  return replica;
}

test("nobody is named at first, and the leader may name somebody", () => {
  const replica = new ReadReplica();

  expect(replica.at(0, leaderEpoch(7))).toBeUndefined();
  expect(replica.mayLeaveLeader(0)).toBe(true);
});

test("who was named holds until its time is over", () => {
  expect(entered().at(999, leaderEpoch(7))).toBe(NAMED);
  expect(entered().at(1_000, leaderEpoch(7))).toBeUndefined();
});

test("the leader of another epoch has named nobody; an election changes nothing", () => {
  expect(entered().at(0, leaderEpoch(8))).toBeUndefined();
  expect(entered().at(0, undefined)).toBe(NAMED);
});

test("who refused is not gone back to for a while", () => {
  const replica = entered();

  replica.leave(500);

  expect(replica.at(500, leaderEpoch(7))).toBeUndefined();
  expect(replica.mayLeaveLeader(10_499)).toBe(false);
  expect(replica.mayLeaveLeader(10_500)).toBe(true);
});
