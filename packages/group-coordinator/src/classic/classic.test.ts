import { as, bytes, GroupUnderTest, outcome, text } from "../group.fixture.ts";
import { isStatic, protocol, stable, subscription } from "./classic.fixture.ts";

describe("joining", () => {
  test("the first rebalance waits for more members, longer while they come", () => {
    const test = new GroupUnderTest({});

    expect(test.join({ memberIdCandidate: "a" })).toBeUndefined();
    expect(test.timers.get("initialDelay")).toBe(3_000);
    test.join({ memberIdCandidate: "b" });
    expect(test.fire("initialDelay")).toEqual([]);
    const replies = test.fire("initialDelay");

    expect(replies.map(({ response }) => response)).toMatchObject([
      {
        memberId: "a",
        generationId: 1,
        leader: "a",
        members: [{ memberId: "a" }, { memberId: "b" }],
      },
      { memberId: "b", generationId: 1, leader: "a", members: [] },
    ]);
  });

  test("the initial delay never takes longer than the rebalance timeout", () => {
    const test = new GroupUnderTest({});
    test.join({ rebalanceTimeoutMs: 7_000 });

    const delays = [];
    while (test.timers.has("initialDelay")) {
      delays.push(test.timers.get("initialDelay"));
      test.join({ rebalanceTimeoutMs: 7_000 });
      test.fire("initialDelay");
    }

    expect(delays).toEqual([3_000, 3_000, 1_000]);
    expect(test.group).toMatchObject({ state: "CompletingRebalance" });
  });

  test("without an initial delay the first member is answered at once", () => {
    const test = new GroupUnderTest({}, { initialRebalanceDelayMs: 0 });

    expect(outcome(test.join())).toBe("joinGroup");
  });

  test("a new dynamic member is told its id first, and its place is kept for a session timeout", () => {
    const test = new GroupUnderTest({});

    const first = test.join({ memberIdCandidate: "a", requiresKnownMemberId: true });

    expect(as("refused", first)).toMatchObject({
      error: { code: "MEMBER_ID_REQUIRED" },
      memberId: "a",
    });
    expect(test.timers.get("pending:a")).toBe(10_000);
    expect(outcome(test.join({ memberId: "b" }))).toBe("UNKNOWN_MEMBER_ID");
    expect(test.join({ memberId: "a" })).toBeUndefined();
    expect(test.timers.has("pending:a")).toBe(false);
  });

  test("a rebalance waits for whom it has promised an id, until that is over", () => {
    const test = stable(["a"]);
    test.join({ memberIdCandidate: "b", requiresKnownMemberId: true });

    test.join({ memberId: "a" });
    expect(test.group).toMatchObject({ state: "PreparingRebalance" });
    test.fire("pending:b");

    expect(test.group).toMatchObject({ state: "CompletingRebalance", generation: 2 });
  });

  test("a group of which nothing came is forgotten", () => {
    const test = new GroupUnderTest({});
    test.join({ memberIdCandidate: "a", requiresKnownMemberId: true });

    test.fire("pending:a");

    expect(test.group).toBeUndefined();
    expect(test.stored.exists).toBe(false);
  });

  test("is refused with a session timeout out of bounds, without protocols, with other protocols", () => {
    const test = stable(["a"]);

    expect(outcome(test.join({ sessionTimeoutMs: 5_999 }))).toBe("INVALID_SESSION_TIMEOUT");
    expect(outcome(test.join({ sessionTimeoutMs: 1_800_001 }))).toBe("INVALID_SESSION_TIMEOUT");
    expect(outcome(test.join({ protocols: [] }))).toBe("INCONSISTENT_GROUP_PROTOCOL");
    expect(outcome(test.join({ protocolType: "connect" }))).toBe("INCONSISTENT_GROUP_PROTOCOL");
    expect(outcome(test.join({ protocols: protocol("sticky") }))).toBe(
      "INCONSISTENT_GROUP_PROTOCOL",
    );
    expect(outcome(test.consume({}))).toBe("INCONSISTENT_GROUP_PROTOCOL");
  });

  test("a full group takes nobody more, but lets its members join again", () => {
    const test = new GroupUnderTest({}, { groupSizeMax: 1, initialRebalanceDelayMs: 0 });
    test.join({ memberIdCandidate: "a" });

    expect(outcome(test.join())).toBe("GROUP_MAX_SIZE_REACHED");
    expect(outcome(test.join({ requiresKnownMemberId: true }))).toBe("GROUP_MAX_SIZE_REACHED");
    expect(outcome(test.join({ memberId: "a", protocols: protocol("range") }))).toBe("joinGroup");
  });

  test("the protocol is one that all have, the one that most name first", () => {
    const test = new GroupUnderTest({});
    test.join({ protocols: protocol("range", "sticky", "roundrobin") });
    test.join({ protocols: protocol("roundrobin", "sticky") });
    test.join({ protocols: protocol("sticky", "roundrobin") });
    test.fire("initialDelay");

    const [leader] = test.fire("initialDelay");

    // range is not common: the first member's vote goes to sticky.
    expect(leader?.response).toMatchObject({ protocolName: "sticky" });
    expect(text(as("joinGroup", leader?.response).members[0]!.metadata)).toBe(
      "sticky wants orders",
    );
  });
});

describe("a stable group", () => {
  test("answers a member that has missed its answer, without a rebalance", () => {
    const test = stable(["a", "b"]);

    expect(test.join({ memberId: "b" })).toMatchObject({ generationId: 1, members: [] });
    expect(test.group).toMatchObject({ state: "Stable" });
  });

  test("rebalances when its leader joins again, or a member with other metadata", () => {
    for (const fields of [
      { memberId: "a" },
      { memberId: "b", protocols: [{ name: "range", metadata: bytes("more") }] },
    ]) {
      const test = stable(["a", "b"]);

      expect(test.join(fields)).toBeUndefined();

      expect(test.group).toMatchObject({ state: "PreparingRebalance" });
      const other = fields.memberId === "a" ? "b" : "a";
      expect(outcome(test.heartbeat(other, 1))).toBe("REBALANCE_IN_PROGRESS");
      expect(outcome(test.sync(other, 1))).toBe("REBALANCE_IN_PROGRESS");
      expect(outcome(test.join({ memberId: other }))).toBe("joinGroup");
      expect(test.group).toMatchObject({
        state: "CompletingRebalance",
        generation: 2,
        leader: "a",
      });
    }
  });

  test("goes on without members that do not join again in time", () => {
    const test = stable(["a", "b"]);
    test.join({ memberId: "b", protocols: protocol("range") });

    const replies = test.fire("join");

    expect(replies).toMatchObject([{ response: { memberId: "b", generationId: 2, leader: "b" } }]);
    expect(outcome(test.heartbeat("a", 1))).toBe("UNKNOWN_MEMBER_ID");
  });

  test("rebalances when a session is over, and is empty when the last is", () => {
    const test = stable(["a", "b"]);

    test.fire("session:a");
    expect(test.group).toMatchObject({ state: "PreparingRebalance" });
    test.fire("session:b");

    expect(test.group).toMatchObject({ state: "Empty", generation: 2, members: new Map() });
    expect(test.stored.members.size).toBe(0);
    expect(test.stored.value).toMatchObject({ generation: 2, leader: undefined });
  });

  test("checks generation, member and protocol of a sync and a heartbeat", () => {
    const test = stable(["a"]);
    const sync = { type: "syncGroup", memberId: "a", generationId: 1, assignments: [] } as const;
    const named = { ...sync, groupInstanceId: undefined, protocolType: "consumer" };

    expect(outcome(test.heartbeat("a", 2))).toBe("ILLEGAL_GENERATION");
    expect(outcome(test.heartbeat("b", 1))).toBe("UNKNOWN_MEMBER_ID");
    expect(outcome(test.ask({ ...named, protocolName: "sticky" }))).toBe(
      "INCONSISTENT_GROUP_PROTOCOL",
    );
    expect(test.ask({ ...named, protocolName: "range" })).toMatchObject({
      protocolName: "range",
      assignment: bytes("a has it"),
    });
  });

  test("a heartbeat changes nothing but the session's timer", () => {
    const test = stable(["a"]);
    test.timers.clear();

    test.heartbeat("a", 1);

    expect(test.records).toEqual([]);
    expect([...test.timers]).toEqual([["session:a", 10_000]]);
  });
});

describe("syncing", () => {
  test("waits for the leader; nobody's session runs meanwhile", () => {
    const test = new GroupUnderTest({});
    for (const id of ["a", "b"]) test.join({ memberIdCandidate: id });
    test.fire("initialDelay");
    test.fire("initialDelay");
    expect([...test.timers.keys()].sort()).toEqual(["session:a", "session:b", "sync"]);

    expect(test.sync("b", 1)).toBeUndefined();
    const parked = test.lastRequest;
    expect(test.timers.has("session:b")).toBe(false);
    test.sync("a", 1, { a: "0,1", b: "2,3" });

    expect(test.answers.get(parked)).toMatchObject({ assignment: bytes("2,3") });
    expect([...test.timers.keys()].sort()).toEqual(["session:a", "session:b"]);
    expect(test.stored.members.get("b")).toMatchObject({ generation: 1, assignment: bytes("2,3") });
  });

  test("a session's timer that fires for a member that waits for us means nothing", () => {
    const test = stable(["a", "b"]);
    test.join({ memberId: "a" });

    test.run({ type: "timerFired", key: "session:a" });

    expect([...(test.group?.members.keys() ?? [])]).toEqual(["a", "b"]);
  });

  test("somebody new makes all that wait for the leader join again", () => {
    const test = new GroupUnderTest({});
    for (const id of ["a", "b"]) test.join({ memberIdCandidate: id });
    test.fire("initialDelay");
    test.fire("initialDelay");
    test.sync("b", 1);
    const parked = test.lastRequest;

    test.join({ memberIdCandidate: "c" });

    expect(outcome(test.answers.get(parked))).toBe("REBALANCE_IN_PROGRESS");
    expect(test.timers.has("session:b")).toBe(true);
  });

  test("a leader that never assigns is out, and the others join again", () => {
    const test = new GroupUnderTest({});
    for (const id of ["a", "b"]) test.join({ memberIdCandidate: id });
    test.fire("initialDelay");
    test.fire("initialDelay");
    test.sync("b", 1);
    const parked = test.lastRequest;

    test.fire("sync");

    expect(outcome(test.answers.get(parked))).toBe("REBALANCE_IN_PROGRESS");
    expect(outcome(test.join({ memberId: "b" }))).toBe("joinGroup");
    expect(test.group).toMatchObject({ leader: "b", generation: 2 });
  });
});

describe("static members", () => {
  test("come back without a rebalance; the former process is fenced", () => {
    const test = stable(["a", "b"], isStatic);

    const answer = test.join({ memberIdCandidate: "b2", groupInstanceId: "instance-b" });

    expect(answer).toMatchObject({ memberId: "b2", generationId: 1, leader: "a", members: [] });
    expect(test.sync("b2", 1, {}, "instance-b")).toMatchObject({ assignment: bytes("b has it") });
    expect(outcome(test.heartbeat("b", 1, "instance-b"))).toBe("FENCED_INSTANCE_ID");
    expect(outcome(test.heartbeat("b", 1))).toBe("UNKNOWN_MEMBER_ID");
    expect([...test.stored.members.keys()].sort()).toEqual(["a", "b2"]);
    expect(test.timers.has("session:b")).toBe(false);
    expect(test.group).toMatchObject({ state: "Stable" });
  });

  test("a leader that comes back is told not to assign, or that the former one leads", () => {
    for (const supportsSkippingAssignment of [true, false]) {
      const test = stable(["a", "b"], isStatic);

      const fields = { groupInstanceId: "instance-a", supportsSkippingAssignment };
      const answer = as("joinGroup", test.join({ memberIdCandidate: "a2", ...fields }));

      expect(answer.skipAssignment).toBe(supportsSkippingAssignment);
      expect(answer.leader).toBe(supportsSkippingAssignment ? "a2" : "a");
      expect(answer.members.length).toBe(supportsSkippingAssignment ? 2 : 0);
      expect(test.stored.value).toMatchObject({ leader: "a2" });
    }
  });

  test("that come back with another protocol make the group rebalance", () => {
    const both = { protocols: protocol("sticky", "range") };
    const test = stable(["a"], (id) => ({ ...isStatic(id), ...both }));

    const fields = { groupInstanceId: "instance-a", protocols: protocol("range") };

    expect(test.join({ memberIdCandidate: "a2", ...fields })).toMatchObject({
      generationId: 2,
      protocolName: "range",
    });
  });

  test("that come back for other topics make the group rebalance", () => {
    const wanting = (...topics: string[]) => ({
      protocols: [{ name: "range", metadata: subscription(...topics) }],
    });
    const test = stable(["a", "b"], (id) => ({ ...isStatic(id), ...wanting("orders", "bills") }));
    const back = { memberIdCandidate: "b2", groupInstanceId: "instance-b" };

    expect(test.join({ ...back, ...wanting("bills", "orders") })).toMatchObject({
      memberId: "b2",
      generationId: 1,
    });
    const answer = test.join({ ...back, memberIdCandidate: "b3", ...wanting("orders") });

    expect(answer).toBeUndefined();
    expect(test.group).toMatchObject({ state: "PreparingRebalance" });
  });

  test("stay when they miss a rebalance, until their sessions are over", () => {
    const test = stable(["a", "b"], isStatic);
    test.join({ memberId: "a", groupInstanceId: "instance-a" });

    test.fire("join");

    expect(test.group).toMatchObject({ state: "CompletingRebalance", generation: 2 });
    expect([...(test.group?.members.keys() ?? [])].sort()).toEqual(["a", "b"]);
    test.fire("session:b");
    expect(test.group).toMatchObject({ state: "PreparingRebalance" });
  });

  test("a parked request of the former process is answered when it is fenced", () => {
    const test = stable(["a", "b"], isStatic);
    test.join({ memberId: "a", groupInstanceId: "instance-a" });
    const parked = test.lastRequest;

    test.join({ memberIdCandidate: "a2", groupInstanceId: "instance-a" });

    expect(outcome(test.answers.get(parked))).toBe("FENCED_INSTANCE_ID");
  });
});

describe("leaving", () => {
  test("by member id, instance id, or while pending; each is answered for itself", () => {
    const test = stable(["a", "b"], isStatic);
    test.join({ memberIdCandidate: "p", requiresKnownMemberId: true });

    const members = [
      { memberId: "p" },
      { groupInstanceId: "instance-b" },
      { memberId: "x", groupInstanceId: "instance-a" },
      { groupInstanceId: "nobody" },
    ];
    const answer = as("leaveGroup", test.ask({ type: "leaveGroup", members }));

    expect(answer.members.map(({ error }) => error?.code)).toEqual([
      undefined,
      undefined,
      "FENCED_INSTANCE_ID",
      "UNKNOWN_MEMBER_ID",
    ]);
    expect([...(test.group?.members.keys() ?? [])]).toEqual(["a"]);
    expect(test.group).toMatchObject({ state: "PreparingRebalance" });
  });
});

describe("failover", () => {
  test("a stable group stays stable, with fresh sessions", () => {
    const test = stable(["a", "b"], isStatic);

    test.failOver();

    expect(test.group).toMatchObject({ state: "Stable", generation: 1, leader: "a" });
    expect([...test.timers.keys()].sort()).toEqual(["session:a", "session:b"]);
    expect(outcome(test.heartbeat("b", 1, "instance-b"))).toBe("heartbeat");
    expect(test.sync("b", 1)).toMatchObject({ assignment: bytes("b has it") });
  });

  test("sessions last longer by the time in which the former coordinator may have renewed them", () => {
    const test = stable(["a", "b"]);
    const before = test.timers.get("session:a") ?? 0;

    test.failOver({ graceMs: 2_000 });
    test.heartbeat("b", 1);

    expect(Object.fromEntries(test.timers)).toEqual({
      "session:a": before + 2_000,
      "session:b": before,
    });
  });

  test("a rebalance that was under way begins anew from the last stable generation", () => {
    const test = stable(["a", "b"]);
    test.join({ memberIdCandidate: "c" });

    test.failOver();

    expect(test.group).toMatchObject({ state: "Stable", generation: 1 });
    expect(outcome(test.join({ memberId: "c" }))).toBe("UNKNOWN_MEMBER_ID");
  });

  test.each(["replaced", "expired"])(
    "a static member that was told its id is known by it, its former process %s",
    (how) => {
      const test = stable(["a", "b"], isStatic);
      const a = { memberId: "a", groupInstanceId: "instance-a" };
      if (how === "expired") test.fire("session:b");
      else test.join(a);
      test.join({ memberIdCandidate: "b2", groupInstanceId: "instance-b" });
      if (how === "expired") test.join(a);
      expect(test.group).toMatchObject({ state: "CompletingRebalance", generation: 2 });

      test.failOver();

      expect(outcome(test.sync("b2", 2, {}, "instance-b"))).toBe("REBALANCE_IN_PROGRESS");
      test.join(a);
      const again = test.join({ memberId: "b2", groupInstanceId: "instance-b" });
      expect(again).toMatchObject({ memberId: "b2", generationId: 3 });
      expect([...test.stored.members.keys()].sort()).toEqual(["a", "b2"]);
    },
  );

  test("a generation that was written in part makes all join again", () => {
    const test = stable(["a", "b"]);
    const b = test.stored.members.get("b")!;
    test.join({ memberId: "a" });
    test.join({ memberId: "b" });
    test.sync("a", 2, { a: "b's", b: "a's" });
    test.stored.members.set("b", b);

    test.failOver();

    expect(outcome(test.sync("a", 2))).toBe("REBALANCE_IN_PROGRESS");
    expect(test.timers.get("join")).toBe(60_000);
    test.join({ memberId: "a" });
    expect(test.join({ memberId: "b" })).toMatchObject({ generationId: 3 });
  });
});

test("an empty group changes its type, and its counter goes on", () => {
  const test = stable(["a"]);
  test.fire("session:a");

  expect(test.consume({ memberId: "m" })).toMatchObject({ memberEpoch: 3 });

  expect(outcome(test.join())).toBe("INCONSISTENT_GROUP_PROTOCOL");
  test.consume({ memberId: "m", memberEpoch: "leave" });
  test.join({ memberIdCandidate: "b" });
  test.fire("initialDelay");
  expect(test.group).toMatchObject({ type: "classic", generation: 5 });
});
