import { brokerId, type TopicId } from "@zoolog/base";
import type { ClassicGroup, ConsumerGroup, GroupState } from "@zoolog/group-coordinator";
import { checkResponse, GROUP_CALLS } from "@zoolog/protocol";
import { describeGroups } from "./describe-groups.ts";

const MIB = 1024 * 1024;
const client = { groupInstanceId: undefined, clientId: "app", clientHost: "h" };

/** A classic group whose members have sent so much. */
function classic(...metadataMib: readonly number[]): ClassicGroup {
  const members = metadataMib.map((mib, i) => {
    const protocols = [{ name: "range", metadata: Buffer.alloc(mib * MIB) }];
    return [`m${i}`, { type: "classic", ...client, protocols, assignment: Buffer.alloc(0) }];
  });
  return {
    type: "classic",
    state: "Stable",
    generation: 1,
    protocolType: "custom",
    protocol: "range",
    leader: "m0",
    pendingMembers: new Set(),
    members: new Map(members as never),
  } as never;
}

/** A server-side one of one member with so many partitions. */
function consumer(partitions: number): ConsumerGroup {
  const indexes = new Map([["A".repeat(22) as TopicId, Array(partitions).fill(0)]]);
  const subscription = { topics: [], pattern: undefined };
  const lists = { assigned: indexes, target: indexes, revoking: new Map() };
  const member = { type: "consumer", ...client, epoch: 1, subscription, ...lists };
  const members = new Map([["m0", member]]);
  return { type: "consumer", epoch: 1, assignmentEpoch: 1, assignor: "uniform", members } as never;
}

function described(groups: Record<string, GroupState>) {
  const topics = { topicById: () => undefined };
  const runtime = { state: (group: string) => groups[group], context: () => ({ topics }) };
  const parts = { runtime: runtime as never, brokerId: brokerId(1) };
  const answer = describeGroups(Object.keys(groups), parts);
  expect(checkResponse(GROUP_CALLS["describe-groups"].response, answer).fault).toBeUndefined();
  return answer.groups;
}

test("an answer has room for so much, and names the groups that are to be asked for alone", () => {
  const groups = described({ a: classic(6, 6), b: classic(6), c: classic(1), d: consumer(10) });

  expect(groups).toMatchObject([
    { group: "a", members: [{ memberId: "m0" }, { memberId: "m1" }] },
    { group: "b", error: { code: "MESSAGE_TOO_LARGE" } },
    { group: "c", members: [{ memberId: "m0" }] },
    { group: "d", state: "stable" },
  ]);
});

test.each([
  ["classic", classic(18)],
  ["server-side", consumer(2 * MIB)],
])(
  "a %s group that is more than an answer alone is told without what its members have",
  (_, it) => {
    const [group] = described({ it });

    expect(group).toMatchObject({ shortened: true, members: [{ memberId: "m0", assignment: [] }] });
    expect(JSON.stringify(group).length).toBeLessThan(1_000);
  },
);
