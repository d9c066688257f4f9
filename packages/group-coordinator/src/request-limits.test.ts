import { GroupUnderTest, outcome } from "./group.fixture.ts";

const KIB_129 = 129 * 1024;

test("what would not fit into a znode is refused", () => {
  const test = new GroupUnderTest({});
  const protocols = [{ name: "range", metadata: new Uint8Array(KIB_129) }];
  const subscribedTopics = Array.from({ length: 1_000 }, () => "t".repeat(140));

  expect(outcome(test.join({ protocols }))).toBe("INVALID_REQUEST");
  expect(outcome(test.join({ groupInstanceId: "i".repeat(250) }))).toBe("INVALID_REQUEST");
  expect(outcome(test.join({ clientId: "c".repeat(250) }))).toBe("INVALID_REQUEST");
  expect(outcome(test.consume({ subscribedTopics }))).toBe("INVALID_REQUEST");
  expect(outcome(test.consume({ memberId: "m".repeat(287) }))).toBe("INVALID_REQUEST");
  expect(outcome(test.join({ protocolType: "p".repeat(250) }))).toBe("INVALID_REQUEST");
  expect(test.group).toBeUndefined();
});

test("what no znode can be named by is refused before the group has it", () => {
  const test = new GroupUnderTest({}, { initialRebalanceDelayMs: 0 });
  test.join({ memberIdCandidate: "a" });
  const before = test.group;

  for (const id of ["あ".repeat(110), "\ud800"]) {
    expect(outcome(test.join({ clientId: id }))).toBe("INVALID_REQUEST");
    expect(outcome(test.join({ groupInstanceId: id }))).toBe("INVALID_REQUEST");
  }
  expect(outcome(test.join({ memberId: "あ".repeat(114) }))).toBe("INVALID_REQUEST");
  expect(test.group).toBe(before);
  expect(outcome(test.join({ clientId: "あ".repeat(109) }))).not.toBe("INVALID_REQUEST");
});

test("names of protocols count as long as JSON may make them", () => {
  const test = new GroupUnderTest({});
  const named = (length: number) => [{ name: "\u0001".repeat(length), metadata: new Uint8Array() }];

  expect(outcome(test.join({ protocols: named(22_000) }))).toBe("INVALID_REQUEST");
  expect(outcome(test.join({ protocols: named(21_000) }))).not.toBe("INVALID_REQUEST");
});

test("a member may join again by the longest id that it was given", () => {
  const test = new GroupUnderTest({}, { initialRebalanceDelayMs: 0 });
  const groupInstanceId = "i".repeat(249);
  const memberId = `${groupInstanceId}-${"u".repeat(36)}`;

  test.join({ groupInstanceId, memberIdCandidate: memberId });

  expect(outcome(test.join({ groupInstanceId, memberId }))).toBe("joinGroup");
});

test("a subscription names topics that can be, and only so many leave at once", () => {
  const test = new GroupUnderTest({});
  const members = Array.from({ length: 10_001 }, () => ({ memberId: "a" }));

  expect(outcome(test.consume({ subscribedTopics: ["a/b"] }))).toBe("INVALID_REQUEST");
  expect(outcome(test.ask({ type: "leaveGroup", members }))).toBe("INVALID_REQUEST");
});

test("nothing costs nothing: many empty protocols or topics are refused", () => {
  const test = new GroupUnderTest({});
  const protocols = Array.from({ length: 3_000 }, () => ({ name: "", metadata: new Uint8Array() }));
  const subscribedTopics = Array.from({ length: 10_001 }, () => "");

  expect(outcome(test.join({ protocols }))).toBe("INVALID_REQUEST");
  expect(outcome(test.consume({ subscribedTopics }))).toBe("INVALID_REQUEST");
  expect(test.group).toBeUndefined();
});

test("ids are left out or not empty", () => {
  const test = new GroupUnderTest({});

  expect(outcome(test.join({ memberId: "" }))).toBe("INVALID_REQUEST");
  expect(outcome(test.consume({ groupInstanceId: "" }))).toBe("INVALID_REQUEST");
});

test("an assignment that would not fit is refused, and the generation goes on", () => {
  const test = new GroupUnderTest({}, { initialRebalanceDelayMs: 0 });
  test.join({ memberIdCandidate: "a" });

  expect(outcome(test.sync("a", 1, { a: "x".repeat(KIB_129) }))).toBe("INVALID_REQUEST");
  expect(outcome(test.sync("a", 1, { a: "x" }))).toBe("syncGroup");
});

test("a rebalance timeout is one that a timer can wait for", () => {
  const test = new GroupUnderTest({});

  for (const rebalanceTimeoutMs of [-1, 2 ** 31, Number.NaN]) {
    expect(outcome(test.join({ rebalanceTimeoutMs }))).toBe("INVALID_REQUEST");
    expect(outcome(test.consume({ rebalanceTimeoutMs }))).toBe("INVALID_REQUEST");
  }
});
