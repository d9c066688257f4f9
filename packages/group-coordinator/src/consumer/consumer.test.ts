import type { TopicId } from "@zoolog/base";
import { as, GroupUnderTest, outcome, topicsOf } from "../group.fixture.ts";
import type { ConsumerGroupHeartbeatEvent, TopicPartitions } from "../group-event.ts";
import type { ConsumerGroupHeartbeatResponse } from "../group-reply.ts";
import type { ConsumerGroup } from "../state/consumer-group.ts";
import { groupStateName } from "../state/group-state-name.ts";

const owns = (...partitions: number[]): TopicPartitions[] =>
  partitions.length === 0 ? [] : [{ topicId: "#orders" as TopicId, partitions }];

/** The answer to a member, and what of topic `orders` it may use, when it was told. */
function beat(test: GroupUnderTest, fields: Partial<ConsumerGroupHeartbeatEvent>) {
  const answer = as("consumerGroupHeartbeat", test.consume(fields));
  return { epoch: answer.memberEpoch, has: partitionsOf(answer) };
}

function partitionsOf({ assignment }: ConsumerGroupHeartbeatResponse) {
  return assignment?.flatMap(({ partitions }) => partitions);
}

const state = (test: GroupUnderTest) =>
  test.group === undefined ? "" : groupStateName(test.group);

describe("members", () => {
  test("the first gets everything, with the group's epoch", () => {
    const test = new GroupUnderTest({ orders: 4 });

    expect(test.consume({ memberId: "a" })).toEqual({
      type: "consumerGroupHeartbeat",
      memberId: "a",
      memberEpoch: 1,
      heartbeatIntervalMs: 5_000,
      assignment: [{ topicId: "#orders", topic: "orders", partitions: [0, 1, 2, 3] }],
    });
    expect(state(test)).toBe("Stable");
    expect(test.timers.get("session:a")).toBe(45_000);
  });

  test("a second gets its half when the first has given it up, and what stays is not touched", () => {
    const test = new GroupUnderTest({ orders: 4 });
    beat(test, { memberId: "a" });

    // b learns its epoch, and that it has to wait.
    expect(beat(test, { memberId: "b" })).toEqual({ epoch: 2, has: [] });
    expect(state(test)).toBe("Reconciling");
    // a is told what it keeps; its epoch stays until it has given up the rest.
    expect(beat(test, { memberId: "a", memberEpoch: 1 })).toEqual({ epoch: 1, has: [0, 1] });
    expect(test.timers.get("revocation:a")).toBe(60_000);
    expect(beat(test, { memberId: "b", memberEpoch: 2 })).toEqual({ epoch: 2, has: undefined });
    expect(beat(test, { memberId: "a", memberEpoch: 1, owned: owns(0, 1, 2, 3) }).epoch).toBe(1);
    expect(beat(test, { memberId: "b", memberEpoch: 2 }).has).toBeUndefined();

    // One is given up: the other has it at once.
    expect(beat(test, { memberId: "a", memberEpoch: 1, owned: owns(0, 1, 2) }).epoch).toBe(1);
    expect(beat(test, { memberId: "b", memberEpoch: 2 })).toEqual({ epoch: 2, has: [3] });
    expect(beat(test, { memberId: "a", memberEpoch: 1, owned: owns(0, 1) })).toEqual({
      epoch: 2,
      has: undefined,
    });
    expect(test.timers.has("revocation:a")).toBe(false);
    expect(beat(test, { memberId: "b", memberEpoch: 2 })).toEqual({ epoch: 2, has: [2, 3] });
    expect(state(test)).toBe("Stable");
  });

  test("who does not give up in time is out, and the others get its partitions", () => {
    const test = new GroupUnderTest({ orders: 4 });
    beat(test, { memberId: "a" });
    beat(test, { memberId: "b" });
    beat(test, { memberId: "a", memberEpoch: 1 });

    test.fire("revocation:a");

    expect(beat(test, { memberId: "b", memberEpoch: 2 })).toEqual({ epoch: 3, has: [0, 1, 2, 3] });
    const late = test.consume({ memberId: "a", memberEpoch: 1 });
    expect(outcome(late)).toBe("UNKNOWN_MEMBER_ID");
  });

  test("a session that is over, a leave and a removal free the partitions", () => {
    for (const go of ["session", "leave", "removal"]) {
      const test = new GroupUnderTest({ orders: 2 });
      beat(test, { memberId: "a" });
      beat(test, { memberId: "b" });

      if (go === "session") test.fire("session:a");
      else if (go === "leave") beat(test, { memberId: "a", memberEpoch: "leave" });
      else test.ask({ type: "leaveGroup", members: [{ memberId: "a" }] });

      expect(state(test)).toBe("Assigning");
      expect(beat(test, { memberId: "b", memberEpoch: 2 })).toEqual({ epoch: 3, has: [0, 1] });
      expect(test.stored.members.has("a")).toBe(false);
      expect(test.timers.has("session:a")).toBe(false);
    }
  });

  test("a heartbeat without news writes nothing", () => {
    const test = new GroupUnderTest({ orders: 4 });
    beat(test, { memberId: "a" });

    const answer = beat(test, { memberId: "a", memberEpoch: 1, owned: owns(0, 1, 2, 3) });

    expect(answer).toEqual({ epoch: 1, has: undefined });
    expect(test.records).toEqual([]);
  });

  test("are refused with another epoch; the former one counts when an answer was lost", () => {
    const test = new GroupUnderTest({ orders: 4 });
    beat(test, { memberId: "b" });
    beat(test, { memberId: "a" });
    beat(test, { memberId: "b", memberEpoch: 1 });
    // This answer, with epoch 2, never arrives.
    beat(test, { memberId: "b", memberEpoch: 1, owned: owns(0, 1) });

    const ask = (memberEpoch: number, owned?: TopicPartitions[]) =>
      test.consume({ memberId: "b", memberEpoch, owned });

    expect(outcome(ask(0))).toBe("FENCED_MEMBER_EPOCH");
    expect(outcome(ask(3))).toBe("FENCED_MEMBER_EPOCH");
    expect(outcome(ask(1))).toBe("FENCED_MEMBER_EPOCH");
    expect(outcome(ask(1, owns(0, 2)))).toBe("FENCED_MEMBER_EPOCH");
    const again = as("consumerGroupHeartbeat", ask(1, owns(1)));
    expect(again.memberEpoch).toBe(2);
    expect(partitionsOf(again)).toEqual([0, 1]);
  });

  test("what a member owned before a lost answer is no proof that it has given up anything", () => {
    const test = new GroupUnderTest({ orders: 6 });
    beat(test, { memberId: "a" });
    beat(test, { memberId: "b" });
    beat(test, { memberId: "a", memberEpoch: 1 });
    beat(test, { memberId: "a", memberEpoch: 1, owned: owns(0, 1, 2) });
    beat(test, { memberId: "c" });
    const giving = beat(test, { memberId: "a", memberEpoch: 2 });
    expect(giving).toEqual({ epoch: 2, has: [0, 1] });

    beat(test, { memberId: "a", memberEpoch: 1, owned: [] });

    expect((test.group as ConsumerGroup).members.get("a")?.revoking).not.toEqual(new Map());
    expect(beat(test, { memberId: "c", memberEpoch: 3 }).has).toBeUndefined();
  });

  test("that join again under their id are told everything, and free nothing by it", () => {
    const test = new GroupUnderTest({ orders: 4 });
    beat(test, { memberId: "a" });
    beat(test, { memberId: "b" });
    beat(test, { memberId: "a", memberEpoch: 1 });

    expect(beat(test, { memberId: "a" })).toEqual({ epoch: 1, has: [0, 1] });

    expect(beat(test, { memberId: "b", memberEpoch: 2 }).has).toBeUndefined();
    beat(test, { memberId: "a", memberEpoch: 1, owned: owns(0, 1) });
    expect(beat(test, { memberId: "b", memberEpoch: 2 }).has).toEqual([2, 3]);
  });

  test("are told their assignment again when they own something else", () => {
    const test = new GroupUnderTest({ orders: 2 });
    beat(test, { memberId: "a" });

    expect(beat(test, { memberId: "a", memberEpoch: 1, owned: owns(0) }).has).toEqual([0, 1]);
  });

  test("are refused where the request lacks something or asks for what is not there", () => {
    const test = new GroupUnderTest({ orders: 2 }, { groupSizeMax: 1 });

    expect(outcome(test.consume({ rebalanceTimeoutMs: undefined }))).toBe("INVALID_REQUEST");
    expect(outcome(test.consume({ subscribedTopics: undefined }))).toBe("INVALID_REQUEST");
    expect(outcome(test.consume({ owned: owns(1) }))).toBe("INVALID_REQUEST");
    expect(outcome(test.consume({ serverAssignor: "best" }))).toBe("UNSUPPORTED_ASSIGNOR");
    expect(outcome(test.consume({ subscribedPattern: "(" }))).toBe("INVALID_REGULAR_EXPRESSION");
    expect(outcome(test.consume({ memberId: "x", memberEpoch: 3 }))).toBe("UNKNOWN_MEMBER_ID");
    expect(test.group).toBeUndefined();
    beat(test, { memberId: "a" });
    expect(outcome(test.consume({}))).toBe("GROUP_MAX_SIZE_REACHED");
    expect(outcome(test.heartbeat("a", 1))).toBe("UNKNOWN_MEMBER_ID");
  });
});

describe("static members", () => {
  const one = { groupInstanceId: "one" };

  test("come back to their partitions under another id; nobody else notices", () => {
    const test = new GroupUnderTest({ orders: 4 });
    beat(test, { memberId: "a", ...one });
    beat(test, { memberId: "b" });
    beat(test, { memberId: "a", memberEpoch: 1, ...one });
    beat(test, { memberId: "a", memberEpoch: 1, owned: owns(0, 1), ...one });
    beat(test, { memberId: "b", memberEpoch: 2 });

    expect(beat(test, { memberId: "a", memberEpoch: "leaveForNow", ...one }).epoch).toBe(
      "leaveForNow",
    );
    expect(beat(test, { memberId: "b", memberEpoch: 2 }).has).toBeUndefined();
    expect(beat(test, { memberId: "a2", ...one })).toEqual({ epoch: 2, has: [0, 1] });

    expect(state(test)).toBe("Stable");
    expect([...test.stored.members.keys()].sort()).toEqual(["a2", "b"]);
    const former = test.consume({ memberId: "a", memberEpoch: 2, ...one });
    expect(outcome(former)).toBe("FENCED_INSTANCE_ID");
  });

  test("that stay away for a session timeout are out", () => {
    const test = new GroupUnderTest({ orders: 2 });
    beat(test, { memberId: "a", ...one });
    beat(test, { memberId: "a", memberEpoch: "leaveForNow", ...one });
    expect(outcome(test.consume({ memberId: "a", memberEpoch: 1, ...one }))).toBe(
      "FENCED_MEMBER_EPOCH",
    );
    expect(outcome(test.commit("a", 1))).toBe("STALE_MEMBER_EPOCH");

    test.fire("session:a");

    expect(state(test)).toBe("Empty");
  });

  test("keep their instance id as long as they have not left", () => {
    const test = new GroupUnderTest({ orders: 2 });
    beat(test, { memberId: "a", ...one });

    expect(outcome(test.consume({ memberId: "b", ...one }))).toBe("UNRELEASED_INSTANCE_ID");
    expect(outcome(test.consume({ memberId: "a" }))).toBe("INVALID_REQUEST");
  });

  test("that leave while they give something up have given it up", () => {
    const test = new GroupUnderTest({ orders: 4 });
    beat(test, { memberId: "a", ...one });
    beat(test, { memberId: "b" });
    beat(test, { memberId: "a", memberEpoch: 1, ...one });

    beat(test, { memberId: "a", memberEpoch: "leaveForNow", ...one });

    expect(test.timers.has("revocation:a")).toBe(false);
    expect(beat(test, { memberId: "b", memberEpoch: 2 }).has).toEqual([2, 3]);
  });
});

describe("topics", () => {
  test("that grow or go raise the epoch; others do not", () => {
    const test = new GroupUnderTest({ orders: 2, other: 1 });
    beat(test, { memberId: "a" });

    test.topics = topicsOf({ orders: 2, other: 9 });
    test.run({ type: "topicsChanged" });
    expect(test.records).toEqual([]);

    test.topics = topicsOf({ orders: 3 });
    test.run({ type: "topicsChanged" });
    expect(beat(test, { memberId: "a", memberEpoch: 1 })).toEqual({ epoch: 2, has: [0, 1, 2] });

    test.topics = topicsOf({});
    test.run({ type: "topicsChanged" });
    expect(beat(test, { memberId: "a", memberEpoch: 2 })).toEqual({ epoch: 2, has: [] });
    expect(beat(test, { memberId: "a", memberEpoch: 2, owned: [] }).epoch).toBe(3);
  });

  test("that match a pattern later are assigned", () => {
    const test = new GroupUnderTest({ "orders-eu": 1, invoices: 1 });
    beat(test, { memberId: "a", subscribedPattern: "orders-.*" });

    test.topics = topicsOf({ "orders-eu": 1, "orders-us": 1, invoices: 1 });
    test.run({ type: "topicsChanged" });
    const answer = as("consumerGroupHeartbeat", test.consume({ memberId: "a", memberEpoch: 1 }));

    expect(answer.assignment?.map(({ topic }) => topic)).toEqual(["orders-eu", "orders-us"]);
  });

  test("another subscription, and taking it away, needs other targets", () => {
    const test = new GroupUnderTest({ orders: 1, invoices: 1 });
    beat(test, { memberId: "a", subscribedTopics: ["invoices"], subscribedPattern: "orders" });

    const fields = { memberId: "a", memberEpoch: 1, subscribedPattern: "" };
    const answer = as("consumerGroupHeartbeat", test.consume(fields));

    expect(answer.assignment).toMatchObject([{ topic: "invoices" }]);
  });

  test("the assignor is the one that most members ask for", () => {
    const test = new GroupUnderTest({ a: 2, b: 2 });
    const fields = { subscribedTopics: ["a", "b"] };
    beat(test, { memberId: "m1", ...fields, serverAssignor: "range" });
    const { memberEpoch, assignment } = as(
      "consumerGroupHeartbeat",
      test.consume({ memberId: "m1", memberEpoch: 1, serverAssignor: "range" }),
    );

    expect([memberEpoch, assignment]).toEqual([1, undefined]);
    expect(test.group).toMatchObject({ assignor: "range" });
  });
});

describe("failover", () => {
  test("leaves epochs, revocations and targets as they were; sessions begin anew, with some grace", () => {
    const test = new GroupUnderTest({ orders: 4 });
    beat(test, { memberId: "a" });
    beat(test, { memberId: "b" });
    beat(test, { memberId: "a", memberEpoch: 1 });
    const before = test.group as ConsumerGroup;

    test.failOver({ graceMs: 2_000 });

    expect(test.group).toEqual({ ...before, targetsVerified: false });
    expect([...test.timers].sort()).toEqual([
      ["revocation:a", 60_000],
      ["session:a", 47_000],
      ["session:b", 47_000],
    ]);
    expect(beat(test, { memberId: "b", memberEpoch: 2 })).toEqual({ epoch: 2, has: undefined });
    expect(beat(test, { memberId: "a", memberEpoch: 1, owned: owns(0, 1) }).epoch).toBe(2);
    expect(beat(test, { memberId: "b", memberEpoch: 2 }).has).toEqual([2, 3]);
  });

  test("topics that changed while nobody coordinated are noticed", () => {
    const test = new GroupUnderTest({ orders: 1 });
    beat(test, { memberId: "a" });
    test.topics = topicsOf({ orders: 2 });

    test.failOver();

    expect(beat(test, { memberId: "a", memberEpoch: 1 })).toEqual({ epoch: 2, has: [0, 1] });
  });

  test("targets that were written in part are made anew", () => {
    const test = new GroupUnderTest({ orders: 4 });
    beat(test, { memberId: "a" });
    const half = test.stored.members.get("a")!;
    beat(test, { memberId: "b" });
    test.stored.members.set("a", half);

    test.failOver();

    expect(beat(test, { memberId: "b", memberEpoch: 2 }).epoch).toBe(3);
    expect(beat(test, { memberId: "a", memberEpoch: 1 }).has?.length).toBe(2);
  });

  test("a partition that stands at two members is with the higher epoch", () => {
    const test = new GroupUnderTest({ orders: 2 });
    beat(test, { memberId: "a" });
    const old = test.stored.members.get("a")!;
    beat(test, { memberId: "b" });
    beat(test, { memberId: "a", memberEpoch: 1 });
    beat(test, { memberId: "a", memberEpoch: 1, owned: owns(0) });
    beat(test, { memberId: "b", memberEpoch: 2 });
    test.stored.members.set("a", old);

    test.failOver();

    const { members } = test.group as ConsumerGroup;
    expect(members.get("a")?.assigned).toEqual(new Map([["#orders", [0]]]));
    expect(members.get("b")?.assigned).toEqual(new Map([["#orders", [1]]]));
  });
});

test("commits come from members with their present epoch, or from outside while it is empty", () => {
  const test = new GroupUnderTest({ orders: 4 });
  beat(test, { memberId: "a" });

  expect(outcome(test.commit("a", 1))).toBe("commitOffsets");
  expect(outcome(test.commit("a", 0))).toBe("STALE_MEMBER_EPOCH");
  expect(outcome(test.commit("b", 1))).toBe("UNKNOWN_MEMBER_ID");
  expect(outcome(test.commit(undefined, undefined))).toBe("UNKNOWN_MEMBER_ID");
  beat(test, { memberId: "a", memberEpoch: "leave" });
  expect(outcome(test.commit(undefined, undefined))).toBe("commitOffsets");
});

test("offsets of subscribed topics are not deleted", () => {
  const test = new GroupUnderTest({ orders: 4 });
  beat(test, { memberId: "a", subscribedPattern: "ord.*" });

  const topics = ["orders", "old"].map((topic) => ({ topic, partitions: [0] }));
  const answer = as("deleteOffsets", test.ask({ type: "deleteOffsets", topics }));

  expect(answer.partitions.map(({ error }) => error?.code)).toEqual([
    "GROUP_SUBSCRIBED_TO_TOPIC",
    undefined,
  ]);
});
