import type { TopicId } from "@zoolog/base";
import type { ClassicGroup, ConsumerGroup } from "@zoolog/group-coordinator";
import { GroupBudget } from "./group-budget.ts";
import type { GroupRequest } from "./group-request.ts";

const MIB = 1024 * 1024;
const TOPIC = "orders".padEnd(22, "A") as TopicId;

/** A budget that a group of somebody else has filled up to `mib`. */
function filled(mib: number): GroupBudget {
  const budget = new GroupBudget();
  budget.changed(undefined, classic({ greedy: member(new Uint8Array(mib * MIB)) }), []);
  return budget;
}

const member = (metadata: Uint8Array, assignment = new Uint8Array()) => ({
  type: "classic",
  groupInstanceId: undefined,
  protocols: [{ name: "range", metadata }],
  assignment,
});

function classic(members: Record<string, object>, more: object = {}): ClassicGroup {
  const instances = new Map([["host-1", "m1"]]);
  const entries = new Map(Object.entries(members));
  const all = { type: "classic", members: entries, instances, pendingMembers: new Set(), ...more };
  return all as unknown as ClassicGroup;
}

const consumer = {
  type: "consumer",
  instances: new Map(),
  members: new Map([
    [
      "m1",
      {
        type: "consumer",
        subscription: { topics: ["orders"], pattern: undefined },
        assigned: new Map([[TOPIC, [0, 1]]]),
        revoking: new Map(),
        target: new Map(),
      },
    ],
  ]),
} as unknown as ConsumerGroup;

const ours = classic({ m1: member(new Uint8Array(10)), m2: member(new Uint8Array(10)) });

const request = (type: string, more: object = {}): GroupRequest =>
  ({ type, requestId: 1, memberId: "m1", ...more }) as GroupRequest;

const join = (bytes: number, more: object = {}): GroupRequest =>
  request("joinGroup", {
    protocols: [{ name: "range", metadata: new Uint8Array(bytes) }],
    ...more,
  });

const STATIC = { memberId: undefined, groupInstanceId: "host-1" };
const ORDERS = { subscribedTopics: ["orders"] };
const assigned = (bytes: number) => ({ memberId: "m1", assignment: new Uint8Array(bytes) });

const beat = (more: object): GroupRequest => request("consumerGroupHeartbeat", more);

describe("while the memory for groups is full, members that are there go on:", () => {
  const budget = filled(257);

  test.each([
    ["heartbeat", request("heartbeat"), ours],
    ["commit", request("commitOffsets"), ours],
    ["leave", request("leaveGroup", { members: [{ memberId: "m1" }] }), ours],
    ["sync", request("syncGroup", { assignments: [] }), ours],
    ["the leader's sync", request("syncGroup", { assignments: [assigned(1_000)] }), ours],
    ["join again as they are", join(10), ours],
    ["restart under their instance id", join(10, STATIC), ours],
    ["heartbeat of a server-side group", beat({ memberEpoch: 3 }), consumer],
    ["and say their subscription again", beat({ memberEpoch: 3, ...ORDERS }), consumer],
    ["and join again", beat({ memberEpoch: "join", ...ORDERS }), consumer],
    ["and subscribe to less", beat({ memberEpoch: 3, subscribedTopics: [] }), consumer],
    ["delete the group", request("deleteGroup"), ours],
  ] as const)("%s", (_, asked, state) => {
    expect(budget.fault(asked, state)).toBeUndefined();
  });

  test.each([
    ["a new member", join(10, { memberId: undefined }), ours],
    ["a new group", join(10, { memberId: undefined }), undefined],
    ["more metadata", join(11), ours],
    ["a new server-side member", beat({ memberId: "m9", memberEpoch: "join" }), consumer],
    [
      "a larger subscription",
      beat({ memberEpoch: 3, subscribedTopics: ["orders", "audit"] }),
      consumer,
    ],
  ] as const)("but not %s", (_, asked, state) => {
    expect(budget.fault(asked, state)).toMatchObject({ code: "THROTTLING_QUOTA_EXCEEDED" });
  });

  test("assignments beyond twice of it are refused, if they grow", () => {
    const fuller = filled(513);
    const sync = (bytes: number) => request("syncGroup", { assignments: [assigned(bytes)] });
    const state = classic({ m1: member(new Uint8Array(), new Uint8Array(100)) });

    expect(fuller.fault(sync(100), state)).toBeUndefined();
    expect(fuller.fault(sync(101), state)).toMatchObject({ code: "THROTTLING_QUOTA_EXCEEDED" });
  });
});

test("joins that wait keep nobody else from waiting", () => {
  const budget = new GroupBudget();
  for (let i = 0; i < 3_000; i++) budget.began(join(1));

  expect(budget.fault(join(1), ours)).toMatchObject({ code: "THROTTLING_QUOTA_EXCEEDED" });
  expect(budget.fault(request("heartbeat"), ours)).toBeUndefined();
  budget.ended(join(1));
  expect(budget.fault(join(1), ours)).toBeUndefined();
});

test("empty protocols and ids that were only told are counted, and given back", () => {
  const budget = new GroupBudget();
  const empty = { name: "", metadata: new Uint8Array() };
  const before = classic({});
  const after = classic(
    { m1: { ...member(new Uint8Array()), protocols: Array.from({ length: 2_000 }, () => empty) } },
    { pendingMembers: new Set(["m2", "m3"]) },
  );

  budget.changed(undefined, before, []);
  budget.changed(before, after, [{ type: "memberDropped", memberId: "m1" }]);
  const { bytes } = budget;
  budget.changed(after, undefined, []);

  expect(bytes).toBe(2_000 * 64 + 3 * 1_000);
  expect(budget.bytes).toBe(0);
});
