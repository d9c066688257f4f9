import { brokerId, leaderEpoch, offset, ZoologError } from "@zoolog/base";
import { type Answers, ManualTime, ScriptedAnswers, seededRandom } from "@zoolog/testkit";
import { Client } from "../client.ts";

const urlOf = (id: number) => `http://broker:${8_000 + id}`;

/** A cluster of brokers 1 to 3; partition p of "orders" is led by broker p + 1. */
const CLUSTER: Answers = {
  "describe-cluster": () => ({
    clusterId: "test",
    controllerId: brokerId(1),
    brokers: [1, 2, 3].map((id) => ({
      brokerId: brokerId(id),
      host: "broker",
      port: 8_000 + id,
      url: urlOf(id),
    })),
    topicCount: 1,
    partitionCount: 3,
    offlinePartitionCount: 0,
    underReplicatedPartitionCount: 0,
    version: "0.1.0",
  }),
  metadata: () => ({
    clusterId: "test",
    controllerId: brokerId(1),
    brokers: [1, 2, 3].map((id) => ({
      brokerId: brokerId(id),
      host: "broker",
      port: 8_000 + id,
      url: urlOf(id),
    })),
    topics: [
      {
        topic: "orders",
        topicId: "AAAAAAAAAAAAAAAAAAAAAA" as never,
        isInternal: false,
        partitions: [0, 1, 2].map((partition) => ({
          partition,
          leader: brokerId(partition + 1),
          leaderEpoch: leaderEpoch(0),
          replicas: [brokerId(partition + 1)],
          isr: [brokerId(partition + 1)],
          offlineReplicas: [],
        })),
      },
    ],
  }),
};

const coordinatorIs =
  (id: number): NonNullable<Answers["find-coordinator"]> =>
  ({ groups }) => ({
    groups: groups.map((group) => ({
      group,
      brokerId: brokerId(id),
      host: "broker",
      port: 8_000 + id,
      url: urlOf(id),
    })),
  });

async function withAdmin<T>(
  answers: Answers,
  task: (admin: Client["admin"], brokers: ScriptedAnswers) => Promise<T>,
): Promise<T> {
  const time = new ManualTime();
  const brokers = new ScriptedAnswers({ ...CLUSTER, ...answers });
  await using client = new Client(
    { brokers: [urlOf(1)] },
    {
      clock: time.clock,
      scheduler: time.scheduler,
      random: seededRandom(1),
      transport: brokers,
    },
  );
  const result = task(client.admin, brokers);
  let isSettled = false;
  result.then(
    () => {
      isSettled = true;
    },
    () => {
      isSettled = true;
    },
  );
  for (let step = 0; step < 200 && !isSettled; step++) await time.advance(50);
  return await result;
}

test("a group's coordinator is looked for anew when it has moved", async () => {
  let moved = false;
  const lag = await withAdmin(
    {
      "find-coordinator": (request, id) => {
        const answer = coordinatorIs(moved ? 3 : 2);
        return answer(request, id);
      },
      "group-lag": ({ groups }, id) => {
        moved = true;
        if (id === 2) {
          const error = { code: "NOT_COORDINATOR", message: "another broker is" };
          return { groups: groups.map((group) => ({ group, error })) };
        }
        return {
          groups: groups.map((group) => ({
            group,
            state: "empty",
            topics: [],
            lag: 7,
            unanswered: 0,
          })),
        };
      },
    },
    (admin) => admin.groups.lag("billing"),
  );

  expect(lag).toMatchObject({ group: "billing", lag: 7 });
});

test("a group that is not there is said at once, by its code", async () => {
  const asked = withAdmin(
    {
      "find-coordinator": coordinatorIs(2),
      "describe-groups": ({ groups }) => ({
        groups: groups.map((group) => ({
          group,
          error: { code: "GROUP_ID_NOT_FOUND", message: `there is no group ${group}` },
        })),
      }),
    },
    (admin) => admin.groups.describe("nobody"),
  );

  await expect(asked).rejects.toMatchObject({ code: "GROUP_ID_NOT_FOUND" });
});

test("groups are those of all brokers, each once, sorted", async () => {
  const groups = await withAdmin(
    {
      "list-groups": (_request, id) => ({
        groups: [`group-${4 - id}`, "both"].map((group) => ({
          group,
          type: "consumer",
          state: "empty",
          members: 0,
          coordinator: brokerId(id),
        })),
      }),
    },
    (admin) => admin.groups.list(),
  );

  expect(groups.map(({ group }) => group)).toEqual(["both", "group-1", "group-2", "group-3"]);
  expect(groups[1]?.coordinator).toBe(3);
});

test("records are deleted at each partition's own leader, and again where it has moved", async () => {
  let refusals = 0;
  const seen: string[] = [];
  const deleted = await withAdmin(
    {
      "delete-records": ({ topics }, id) => ({
        topics: topics.map(({ partitions, topic }) => ({
          topic,
          partitions: partitions.map(({ partition, offset: before }) => {
            seen.push(`${partition}@${id}`);
            if (partition === 2 && id === 3) {
              refusals += 1;
              return {
                partition,
                error: { code: "NOT_LEADER_OR_FOLLOWER", message: "moved" },
                currentLeader: { brokerId: brokerId(1), leaderEpoch: leaderEpoch(5) },
              };
            }
            return { partition, lowWatermark: before === "highWatermark" ? offset(99) : before };
          }),
        })),
      }),
    },
    (admin) =>
      admin.deleteRecords(
        "orders",
        new Map<number, number | "highWatermark">([
          [0, 5],
          [1, "highWatermark"],
          [2, 7],
        ]),
      ),
  );

  expect([...deleted].sort()).toEqual([
    [0, 5],
    [1, 99],
    [2, 7],
  ]);
  expect(refusals).toBe(1);
  // What was done is not asked for again.
  expect(seen.sort()).toEqual(["0@1", "1@2", "2@1", "2@3"]);
});

test("a broker is asked about itself, and one that is not there is named with those that are", async () => {
  await withAdmin({ "describe-configs": () => ({ resources: [] }) }, async (admin, brokers) => {
    await admin.configs.describe({ broker: 2 });

    const asked = brokers.requests.filter(({ call }) => call === "describe-configs");
    expect(asked).toEqual([expect.objectContaining({ brokerId: 2 })]);
    await expect(admin.describeBroker(9)).rejects.toMatchObject({
      code: "BROKER_NOT_AVAILABLE",
      message: "broker 9 is not there; live: 1, 2, 3",
    });
  });
});

test("what a broker refuses of a setting is the failure, with its code", async () => {
  const asked = withAdmin(
    {
      "alter-configs": () => {
        throw new ZoologError({ code: "INVALID_CONFIG", message: "no such setting", hint: "x" });
      },
    },
    (admin) => admin.configs.alter({ topic: "orders" }, [{ name: "x", operation: "delete" }]),
  );

  await expect(asked).rejects.toMatchObject({ code: "INVALID_CONFIG", hint: "x" });
});
