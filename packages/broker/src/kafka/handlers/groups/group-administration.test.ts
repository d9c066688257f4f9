import { encodeConsumerSubscription } from "@zoolog/protocol";
import { GROUP } from "../../../calls/groups/group-calls.fixture.ts";
import { JOIN, joinAlone, type KafkaClient, kafkaGroups } from "./kafka-groups.fixture.ts";

const HEARTBEAT = {
  groupId: "server-side",
  memberId: "m1",
  memberEpoch: 0,
  instanceId: undefined,
  rackId: undefined,
  rebalanceTimeoutMs: 60_000,
  subscribedTopicNames: ["orders"],
  subscribedTopicRegex: undefined,
  serverAssignor: undefined,
  topicPartitions: undefined,
};

const versions = (last: number) => Array.from({ length: last + 1 }, (_, version) => [version]);

describe("gotcha 51: FindCoordinator", () => {
  test.each(versions(4))("%p tells the coordinator by the client's listener", async (version) => {
    const { client } = await kafkaGroups({ owner: 2 });

    const told = await client().ask("FindCoordinator", version, {
      key: GROUP,
      keyType: 0,
      coordinatorKeys: [GROUP],
    });

    const found = version >= 4 ? told.coordinators[0] : told;
    const address = { nodeId: 2, host: "broker2", port: 9092 };
    expect(found).toMatchObject({ ...address, errorCode: undefined });
  });

  test("4 answers key by key", async () => {
    const { client } = await kafkaGroups();

    const { coordinators } = await client().ask("FindCoordinator", 4, {
      keyType: 0,
      coordinatorKeys: ["", GROUP, GROUP],
    });

    expect(coordinators).toMatchObject([
      { key: "", errorCode: "INVALID_GROUP_ID", nodeId: undefined, host: "", port: undefined },
      { key: GROUP, errorCode: undefined, nodeId: 1 },
    ]);
    expect(coordinators).toHaveLength(2);
  });

  test.each([
    [1, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED"],
    [2, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED"],
    [3, "INVALID_REQUEST"],
    [4, "INVALID_REQUEST"],
  ])("%p refuses transactional ids so that no client tries again", async (version, errorCode) => {
    const { client, lines } = await kafkaGroups();
    const asked = { key: "payments", keyType: 1, coordinatorKeys: ["payments"] };

    const told = await client().ask("FindCoordinator", version, asked);
    await client().ask("FindCoordinator", version, asked);

    const found = version >= 4 ? told.coordinators[0] : told;
    const errorMessage = expect.stringMatching(/transactions are not supported yet.*idempotent/);
    expect(found).toMatchObject({ errorCode, errorMessage, nodeId: undefined });
    expect(lines).toMatchObject([
      {
        event: "transactional producer refused",
        fields: { error: "transactions are not supported yet", clientId: "app" },
      },
    ]);
  });

  test("knows no coordinators of shares", async () => {
    const { client } = await kafkaGroups();

    const told = await client().ask("FindCoordinator", 2, { key: GROUP, keyType: 2 });

    expect(told).toMatchObject({ errorCode: "INVALID_REQUEST", nodeId: undefined });
    expect(told.errorMessage).toMatch(/only groups/);
  });

  test("says so while nobody coordinates, or the client could not reach who does", async () => {
    const orphaned = await kafkaGroups({ coordinators: [] });
    const elsewhere = await kafkaGroups({ brokers: new Map() });

    for (const { client } of [orphaned, elsewhere]) {
      const told = await client().ask("FindCoordinator", 1, { key: GROUP, keyType: 0 });
      expect(told).toMatchObject({ errorCode: "COORDINATOR_NOT_AVAILABLE", nodeId: undefined });
    }
  });
});

describe("gotcha 52: DescribeGroups", () => {
  const describeAt = async (it: KafkaClient, version: number, group: string) => {
    const request = { groups: [group], includeAuthorizedOperations: version >= 3 };
    const { groups } = await it.ask("DescribeGroups", version, request);
    return groups[0];
  };

  test.each(versions(5))("%p tells who is in a group and what they sent", async (version) => {
    const { client } = await kafkaGroups();
    const it = client("app");
    const { memberId } = await joinAlone(it, { groupInstanceId: "i" });

    const described = await describeAt(it, version, GROUP);

    expect(described).toMatchObject({
      errorCode: undefined,
      groupState: "Stable",
      protocolType: "consumer",
      protocolData: "range",
      members: [
        {
          memberId,
          groupInstanceId: version >= 4 ? "i" : undefined,
          clientId: "app",
          clientHost: "/10.0.0.8",
          memberMetadata: JOIN.protocols[0]?.metadata,
          memberAssignment: Buffer.from("all"),
        },
      ],
      authorizedOperations: version >= 3 ? 328 : undefined,
    });
  });

  test.each(versions(5))("%p calls a group dead that is not there", async (version) => {
    const { client } = await kafkaGroups();

    expect(await describeAt(client(), version, "nobody's")).toMatchObject({
      errorCode: undefined,
      groupId: "nobody's",
      groupState: "Dead",
      members: [],
    });
  });

  test("tells the states by Kafka's names, and what is wrong with a group by its code", async () => {
    const { client } = await kafkaGroups();
    const it = client();
    const { memberId } = await it.ask("JoinGroup", 3, JOIN);
    const completing = await describeAt(it, 2, GROUP);
    it.begin("JoinGroup", 3, JOIN);
    const preparing = await describeAt(client(), 2, GROUP);
    await client().ask("LeaveGroup", 2, { groupId: GROUP, memberId });

    expect(completing).toMatchObject({ groupState: "CompletingRebalance", protocolData: "" });
    expect(preparing).toMatchObject({ groupState: "PreparingRebalance" });
    expect(await describeAt(client(), 2, "")).toMatchObject({ errorCode: "INVALID_GROUP_ID" });
  });

  test("shows older tools a group on the server-side protocol as one of their own", async () => {
    const { client } = await kafkaGroups();
    const it = client();
    await it.ask("ConsumerGroupHeartbeat", 1, HEARTBEAT);

    const described = await describeAt(it, 5, "server-side");

    expect(described).toMatchObject({
      groupState: "Stable",
      protocolType: "consumer",
      protocolData: "uniform",
      members: [
        {
          memberId: "m1",
          memberMetadata: encodeConsumerSubscription({ topics: ["orders"] }),
        },
      ],
    });
  });
});

describe("gotcha 52: ListGroups", () => {
  const listed = async (it: KafkaClient, version: number, filters: object = {}) => {
    const { groups, errorCode } = await it.ask("ListGroups", version, filters);
    expect(errorCode).toBeUndefined();
    return groups.map(({ groupId }) => groupId);
  };

  async function twoGroups() {
    const { client } = await kafkaGroups();
    const it = client();
    await joinAlone(it);
    await it.ask("ConsumerGroupHeartbeat", 1, HEARTBEAT);
    return it;
  }

  test.each(versions(5))("%p tells the groups of this broker", async (version) => {
    const it = await twoGroups();

    const { groups } = await it.ask("ListGroups", version, { statesFilter: [], typesFilter: [] });

    const state = version >= 4 ? "Stable" : "";
    const types = version >= 5 ? ["classic", "consumer"] : ["", ""];
    const shown = { protocolType: "consumer", groupState: state };
    expect(groups).toEqual([
      { groupId: GROUP, ...shown, groupType: types[0] },
      { groupId: "server-side", ...shown, groupType: types[1] },
    ]);
  });

  test("filters by states and types, however they are written", async () => {
    const it = await twoGroups();

    expect(await listed(it, 4, { statesFilter: ["STABLE"] })).toEqual([GROUP, "server-side"]);
    expect(await listed(it, 4, { statesFilter: ["Empty", "Dead"] })).toEqual([]);
    expect(await listed(it, 4, { statesFilter: ["Sleeping"] })).toEqual([]);
    expect(await listed(it, 5, { typesFilter: ["Consumer"] })).toEqual(["server-side"]);
    expect(await listed(it, 5, { typesFilter: ["CLASSIC"] })).toEqual([GROUP]);
    expect(await listed(it, 5, { typesFilter: ["share"] })).toEqual([]);
  });

  test("says that it cannot speak of its groups", async () => {
    const { world, client } = await kafkaGroups();
    world.store.become("suspended");

    const told = await client().ask("ListGroups", 4, { statesFilter: [] });

    expect(told).toMatchObject({ errorCode: "COORDINATOR_NOT_AVAILABLE", groups: [] });
  });
});

test.each(versions(2))(
  "gotcha 52: DeleteGroups %p takes groups without members",
  async (version) => {
    const { client } = await kafkaGroups();
    const it = client();
    const member = await joinAlone(it);
    const errors = async (...groupsNames: string[]) => {
      const { results } = await it.ask("DeleteGroups", version, { groupsNames });
      return results.map(({ groupId, errorCode }) => [groupId, errorCode]);
    };

    const full = await errors(GROUP, "nobody's", GROUP);
    await it.ask("LeaveGroup", 2, { groupId: GROUP, ...member });

    expect(full).toEqual([
      [GROUP, "NON_EMPTY_GROUP"],
      ["nobody's", "GROUP_ID_NOT_FOUND"],
    ]);
    expect(await errors(GROUP)).toEqual([[GROUP, undefined]]);
    expect(await errors(GROUP)).toEqual([[GROUP, "GROUP_ID_NOT_FOUND"]]);
  },
);

test("who names too many groups has the connection closed", async () => {
  const { client } = await kafkaGroups();
  const groups = Array.from({ length: 10_001 }, (_, i) => `g${i}`);
  const it = client();

  await expect(it.ask("DescribeGroups", 5, { groups })).rejects.toThrow("not answered");

  expect(it.connection.isClosed).toBe(true);
});

test("groups of other coordinators are asked for there, and whoever does not answer is not there", async () => {
  const { world, client } = await kafkaGroups({ owner: 2 });
  const it = client();

  const request = { groups: [GROUP] };
  const silent = await it.ask("DescribeGroups", 5, request);
  world.answers["describe-groups"] = () => ({
    groups: [{ group: GROUP, type: "classic", state: "empty", coordinator: 2, members: [] }],
  });
  const told = await it.ask("DescribeGroups", 5, request);

  expect(silent.groups).toMatchObject([{ errorCode: "UNKNOWN_SERVER_ERROR" }]);
  expect(told.groups).toMatchObject([{ errorCode: undefined, groupState: "Empty" }]);
});
