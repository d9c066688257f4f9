import { offset, ZoologError } from "@zoolog/base";
import { type AssignmentGiven, assignment, batchOf, leader, setUp } from "./partition.fixture.ts";

describe("a failing log", () => {
  test("a log that cannot be opened makes an offline replica with the reason", async () => {
    const { partition } = await setUp({ openError: new Error("segment is corrupt") });

    await partition.assign(assignment());

    expect(partition.state).toMatchObject({
      role: "offline",
      error: { code: "KAFKA_STORAGE_ERROR", message: "segment is corrupt" },
    });
    expect(await partition.appendAsLeader(batchOf("a"), leader).appended).toMatchObject({
      error: "KAFKA_STORAGE_ERROR",
      message: "segment is corrupt",
    });
  });

  test("a log that cannot be opened now, but may be later, is an error and no offline replica", async () => {
    const openError = new ZoologError({ code: "DISK_FULL", message: "full", retriable: true });

    await expect(setUp({ openError })).rejects.toThrow("full");
  });

  test("a failed append takes the replica offline, once, and fences what comes later", async () => {
    const { partition, log, events } = await setUp();
    await partition.assign(assignment());
    log.failWith(new Error("EIO"));
    const first = partition.appendAsLeader(batchOf("a"), leader).appended;
    const second = partition.appendAsLeader(batchOf("b"), leader).appended;
    expect(await first).toMatchObject({ error: "KAFKA_STORAGE_ERROR" });
    expect(await second).toMatchObject({ error: "KAFKA_STORAGE_ERROR" });

    log.failWith(undefined);

    expect(await partition.appendAsLeader(batchOf("c"), leader).appended).toMatchObject({
      error: "KAFKA_STORAGE_ERROR",
    });
    expect(events.filter(({ type }) => type === "replicaFailed")).toHaveLength(1);
    await partition.assign(assignment({ epoch: 7 }));
    expect(partition.state.role).toBe("offline");
  });

  test.each([
    ["DISK_FULL", "KAFKA_STORAGE_ERROR"],
    ["QUEUE_FULL", "THROTTLING_QUOTA_EXCEEDED"],
    ["RECORD_LIST_TOO_LARGE", "RECORD_LIST_TOO_LARGE"],
  ])("%s refuses the append and leaves the replica online", async (code, error) => {
    const { partition, log } = await setUp();
    await partition.assign(assignment());
    log.failWith(new ZoologError({ code, message: "not now", retriable: true }));

    expect(await partition.appendAsLeader(batchOf("a"), leader).appended).toMatchObject({ error });

    log.failWith(undefined);
    expect(await partition.appendAsLeader(batchOf("a"), leader).appended).toMatchObject({
      lastOffset: 0,
    });
  });

  test("a read that fails takes the replica offline: what cannot be read is not served", async () => {
    const { partition, log } = await setUp();
    await partition.assign(assignment());
    await partition.appendAsLeader(batchOf("a"), leader).appended;
    log.failWith(new Error("EIO"));

    const read = await partition.readForConsumer({
      fetchOffset: offset(0),
      maxBytes: 1_000,
      minOneBatch: true,
    });

    expect(read).toMatchObject({ error: "KAFKA_STORAGE_ERROR" });
    expect(partition.state.role).toBe("offline");
  });
});

describe("a replica whose records are damaged", () => {
  const failedBy = (code: string) =>
    new ZoologError({
      code: "KAFKA_STORAGE_ERROR",
      message: "partition t-0 is offline",
      cause: new ZoologError({ code, message: "what happened" }),
    });
  const followed = { leader: 2, replicas: [1, 2], isr: [2], epoch: 3 };

  test.each(["CORRUPT_MESSAGE", "CORRUPT_FILE", "RECORDS_MISSING", "PARTITION_FOLDER_MISSING"])(
    "by %s begins anew as a follower when it is out of the ISR",
    async (code) => {
      const { partition, startedOver } = await setUp({ openError: failedBy(code) });
      expect(partition.state.role).toBe("offline");

      await partition.assign(assignment(followed));

      expect(startedOver).toEqual(["t-0"]);
      expect(partition.state).toMatchObject({ role: "follower", leader: 2, leaderEpoch: 3 });
    },
  );

  test.each<[string, AssignmentGiven]>([
    ["it is in the ISR: the others may lack what it has", { isr: [1, 2] }],
    ["nobody leads", { leader: undefined }],
    ["it is to lead itself", { leader: 1 }],
  ])("stays offline, untouched, while %s", async (_, given) => {
    const { partition, startedOver } = await setUp({ openError: failedBy("CORRUPT_MESSAGE") });

    await partition.assign(assignment({ ...followed, ...given }));

    expect(startedOver).toEqual([]);
    expect(partition.state.role).toBe("offline");
  });

  test("stays offline when it is the disk that failed", async () => {
    const { partition, startedOver } = await setUp({ openError: failedBy("EIO") });

    await partition.assign(assignment(followed));

    expect(startedOver).toEqual([]);
  });
});
