import { leaderEpoch, offset, ZoologError } from "@zoolog/base";
import { DEFAULT_LOG_CONFIG } from "@zoolog/log";
import { all, assignment, batchOf, leader, OTHER, setUp } from "./partition.fixture.ts";

describe("roles", () => {
  test("before any assignment nothing is served", async () => {
    const { partition } = await setUp();

    expect(await partition.appendAsLeader(batchOf("a"), leader).appended).toMatchObject({
      error: "NOT_LEADER_OR_FOLLOWER",
    });
    expect(
      await partition.readForConsumer({ fetchOffset: offset(0), maxBytes: 1, minOneBatch: true }),
    ).toMatchObject({ error: "NOT_LEADER_OR_FOLLOWER" });
  });

  test("the epoch is written down before it is entered, and nothing is appended meanwhile", async () => {
    const { partition, log } = await setUp();
    await partition.assign(assignment({ epoch: 0 }));
    const letGo = log.holdBack();

    const elected = partition.assign(assignment({ epoch: 1 }));
    await new Promise((resolve) => setImmediate(resolve));
    const during = partition.appendAsLeader(batchOf("a"), leader).appended;

    expect(await during).toMatchObject({ error: "NOT_LEADER_OR_FOLLOWER" });
    expect(partition.state).toMatchObject({ leaderEpoch: 0 });
    letGo();
    await elected;
    expect(partition.state).toMatchObject({ role: "leader", leaderEpoch: 1 });
    expect(log.epochs.map(({ epoch }) => epoch)).toEqual([1]);
  });

  test("a transition that failed half-way is not taken for done", async () => {
    const { partition, log } = await setUp();
    log.failWith(new ZoologError({ code: "DISK_FULL", message: "full", retriable: true }));
    await expect(partition.assign(assignment({ epoch: 2 }))).rejects.toThrow("full");
    expect(partition.state.role).toBe("unassigned");

    log.failWith(undefined);
    await partition.assign(assignment({ epoch: 2 }));

    expect(partition.state).toMatchObject({ role: "leader", leaderEpoch: 2 });
  });

  test("an epoch older than the log's is not led under: the error names both, and a later one heals", async () => {
    const { partition, log, events } = await setUp();
    log.epochs.push({ epoch: leaderEpoch(7), startOffset: offset(0) });

    await expect(partition.assign(assignment({ epoch: 3 }))).rejects.toMatchObject({
      code: "LEADER_EPOCH_BEHIND_LOG",
      retriable: true,
      message: expect.stringMatching(
        /leader epoch 3 for t-0.* under 7.*t\/partitions\/0\/state to 8/,
      ),
    });
    expect(partition.state.role).toBe("unassigned");
    expect(events.filter(({ type }) => type === "replicaFailed")).toEqual([]);

    await partition.assign(assignment({ epoch: 8 }));

    expect(await partition.appendAsLeader(batchOf("a"), leader).appended).toMatchObject({
      baseOffset: 0,
    });
  });

  test("stale assignments are ignored, in any role", async () => {
    const { partition } = await setUp();
    await partition.assign(assignment({ epoch: 5, partitionEpoch: 9, replicas: [1, 2] }));

    await partition.assign(assignment({ epoch: 4, partitionEpoch: 10, leader: 2 }));
    await partition.assign(assignment({ epoch: 5, partitionEpoch: 8, replicas: [1, 2], isr: [1] }));

    expect(partition.state).toMatchObject({ role: "leader", leaderEpoch: 5, isr: [1, 2] });
  });

  test("a change of the ISR alone begins no epoch", async () => {
    const { partition, log } = await setUp();
    await partition.assign(assignment({ epoch: 5, replicas: [1, 2], isr: [1] }));

    await partition.assign(
      assignment({ epoch: 5, partitionEpoch: 6, replicas: [1, 2], isr: [1, 2] }),
    );

    expect(log.epochs).toHaveLength(1);
    expect(partition.state).toMatchObject({ isr: [1, 2], partitionEpoch: 6 });
  });

  test("who stops leading answers what waits and names the new leader", async () => {
    const { partition } = await setUp();
    await partition.assign(assignment({ replicas: [1, 2] }));
    const { appended, committed } = partition.appendAsLeader(batchOf("a"), all);
    await appended;

    await partition.assign(assignment({ epoch: 1, leader: 2, replicas: [1, 2] }));

    expect(await committed).toMatchObject({
      error: "NOT_LEADER_OR_FOLLOWER",
      currentLeader: { brokerId: OTHER, leaderEpoch: 1 },
    });
  });

  test("an append that was under way when the leadership ended is not acknowledged", async () => {
    const { partition, log } = await setUp();
    await partition.assign(assignment({ replicas: [1, 2] }));
    const letGo = log.holdBack();
    const { appended } = partition.appendAsLeader(batchOf("a"), leader);

    await partition.assign(assignment({ epoch: 1, leader: 2, replicas: [1, 2] }));
    letGo();

    expect(await appended).toMatchObject({ error: "NOT_LEADER_OR_FOLLOWER" });
  });

  test("a partition without a leader says so", async () => {
    const { partition } = await setUp();
    await partition.assign(assignment({ epoch: 1, leader: undefined, replicas: [1, 2] }));

    expect(await partition.appendAsLeader(batchOf("a"), leader).appended).toMatchObject({
      error: "LEADER_NOT_AVAILABLE",
    });
  });

  test("a leader that flushes first shows nothing that a power cut could take back", async () => {
    const { partition, log } = await setUp({
      config: { log: { ...DEFAULT_LOG_CONFIG, flush: "fsync" } },
    });

    await partition.assign(assignment());

    expect(log.calls).toEqual(["epoch 0", "sync"]);
  });
});

test("what a former epoch still applies does not touch the log of the next", async () => {
  const { partition, log } = await setUp();
  await partition.assign(assignment({ leader: 2, replicas: [1, 2], epoch: 1 }));
  const { state } = partition;
  if (state.role !== "follower") throw new Error("it follows");
  const { position } = state;
  await partition.assign(assignment({ leader: 2, replicas: [1, 2], epoch: 2 }));

  const divergingEpoch = { leaderEpoch: leaderEpoch(0), endOffset: offset(0) };
  const records = Buffer.alloc(0);
  const nothing = { partition: 0, highWatermark: offset(0), logStartOffset: offset(0), records };
  await state.apply(position, { ...nothing, divergingEpoch });

  expect(log.calls).not.toContain("truncate to 0");
});
