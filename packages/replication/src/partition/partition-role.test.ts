import { brokerId, leaderEpoch, partitionEpoch, silentLogger, type TopicId } from "@zoolog/base";
import { ManualTime, MemoryPartitionLog } from "@zoolog/testkit";
import { CommittedBytes } from "../committed-bytes.ts";
import { Following } from "../follower/following.ts";
import { PartitionRole } from "./partition-role.ts";

function follow(log: MemoryPartitionLog): { role: PartitionRole; following: Following } {
  const assignment = {
    leader: brokerId(2),
    leaderEpoch: leaderEpoch(4),
    partitionEpoch: partitionEpoch(4),
    replicas: [1, 2].map(brokerId),
    isr: [1, 2].map(brokerId),
  };
  const following: Following = new Following(
    { key: "t-0", topicId: "A".repeat(22) as TopicId, partition: 0, log, assignment },
    {
      clock: new ManualTime().clock,
      logger: silentLogger,
      isCurrent: (asking) => role.isFollowing(asking),
      onLogError: () => {},
      committedBytes: new CommittedBytes(),
      emit: () => {},
    },
  );
  const role: PartitionRole = new PartitionRole(
    { brokerId: brokerId(1), key: "t-0", state: following },
    { emit: () => {} },
  );
  return { role, following };
}

test("from the moment at which another epoch is prepared nobody acts in the old one again", async () => {
  const log = new MemoryPartitionLog();
  const { role, following } = follow(log);
  const release = log.holdBack();

  const elected = role.elect(
    () => log.assignLeaderEpoch(leaderEpoch(5)),
    () => role.enter({ role: "unassigned", log }),
  );
  release();

  // Whatever comes between two turns of the event loop comes at one of these moments.
  for (let moment = 0; moment < 30; moment++) {
    expect([moment, role.isFollowing(following)]).toEqual([moment, false]);
    await Promise.resolve();
  }
  await elected;
  expect(role.state.role).toBe("unassigned");
});

test("an epoch does not begin for a replica that was closed while it was prepared", async () => {
  const log = new MemoryPartitionLog();
  const { role } = follow(log);
  const release = log.holdBack();

  const elected = role.elect(
    () => log.assignLeaderEpoch(leaderEpoch(5)),
    () => role.enter({ role: "unassigned", log }),
  );
  role.enter({ role: "closed" });
  release();
  await elected;

  expect(role.state.role).toBe("closed");
});
