import { ask, scriptedAdmin, startedPlane } from "../../kafka-plane.fixture.ts";

async function started() {
  const { api, network } = await startedPlane();
  const admin = scriptedAdmin(api);
  return { api, admin, connection: network.dial() };
}

test("DescribeCluster names brokers by the client's listener, and what is allowed to who asks", async () => {
  const { connection } = await started();

  const [silent, told, controllers] = [
    await ask(connection, "DescribeCluster", 0),
    await ask(connection, "DescribeCluster", 1, { includeClusterAuthorizedOperations: true }),
    await ask(connection, "DescribeCluster", 1, { endpointType: 2 }),
  ];

  expect(silent).toMatchObject({
    ...{ errorCode: undefined, clusterId: "memory", controllerId: 0 },
    brokers: [{ brokerId: 0, host: "b1.example", port: 9092 }],
    clusterAuthorizedOperations: undefined,
  });
  expect(told.clusterAuthorizedOperations).toBe(8_096);
  expect(controllers).toMatchObject({ errorCode: "MISMATCHED_ENDPOINT_TYPE", brokers: [] });
});

test("DescribeLogDirs tells the replicas here, all or those asked for, and the volume", async () => {
  const { api, admin, connection } = await started();
  admin["describe-broker"] = async () => ({
    ...{ dataFolder: "/data", diskTotalBytes: 100, diskFreeBytes: 60 },
  });
  const topics = ["a", "b"].map((topic) => ({ topic, numPartitions: 2 }));
  await api.createTopics({ timeoutMs: 0, validateOnly: false, topics });

  const all = await ask(connection, "DescribeLogDirs", 4, { topics: undefined });
  const some = await ask(connection, "DescribeLogDirs", 1, {
    topics: [
      { topic: "b", partitions: [1, 7] },
      { topic: "gone", partitions: [0] },
    ],
  });

  expect(all.results).toMatchObject([{ logDir: "/data", totalBytes: 100, usableBytes: 60 }]);
  expect(all.results[0]?.topics.map(({ name, partitions }) => [name, partitions.length])).toEqual([
    ["a", 2],
    ["b", 2],
  ]);
  expect(some.results[0]?.topics).toMatchObject([
    { name: "b", partitions: [{ partitionIndex: 1, partitionSize: 0, isFutureKey: false }] },
  ]);
});

test("ElectLeaders: preferred before version 1, both kinds later, others refused", async () => {
  const { admin, connection } = await started();
  const asked: unknown[] = [];
  admin["elect-leaders"] = async (request: { election: string }) => {
    asked.push(request);
    const error = { code: "ELECTION_NOT_NEEDED", message: "it leads" };
    const partitions = [
      { partition: 0, leader: 1 },
      { partition: 1, error },
    ];
    return { topics: [{ topic: "a", partitions }] };
  };
  const topicPartitions = [{ topic: "a", partitions: [0, 1] }];

  const first = await ask(connection, "ElectLeaders", 0, { topicPartitions, timeoutMs: 5 });
  await ask(connection, "ElectLeaders", 2, { electionType: 1, topicPartitions: undefined });
  const odd = await ask(connection, "ElectLeaders", 2, { electionType: 2, topicPartitions });

  expect(asked).toEqual([
    { election: "preferred", timeoutMs: 5, topics: topicPartitions },
    { election: "unclean", timeoutMs: 60_000 },
  ]);
  expect(first.replicaElectionResults).toMatchObject([
    {
      topic: "a",
      partitionResult: [
        { partitionId: 0, errorCode: undefined },
        { partitionId: 1, errorCode: "ELECTION_NOT_NEEDED", errorMessage: "it leads" },
      ],
    },
  ]);
  expect(odd.errorCode).toBe("INVALID_REQUEST");
});
