import { brokerId } from "@zoolog/base";
import { fetchFrom, hosted, produceTo, setUp, turn } from "./replica-manager.fixture.ts";

describe("replicas", () => {
  test("a replica whose log does not open is reported, answers why, and harms no other", async () => {
    const { manager, failures } = await setUp();

    await manager.host(hosted({ topic: "corrupt" }));

    expect(failures).toEqual(["corrupt-0: segment 0 is corrupt"]);
    expect(await manager.produce(produceTo(0, "x", "corrupt"))).toMatchObject([
      { error: "KAFKA_STORAGE_ERROR", message: "segment 0 is corrupt" },
    ]);
    expect(await manager.produce(produceTo(0, "x"))).toMatchObject([{ baseOffset: 0 }]);
  });

  test("closing answers everything that waits", async () => {
    const { manager, time } = await setUp({ replicas: [1, 2] });
    const produce = manager.produce(produceTo(0, "a"));
    const fetch = manager.fetch(fetchFrom({}));
    await turn();

    manager.close();

    expect(await produce).toMatchObject([{ error: "REQUEST_TIMED_OUT" }]);
    expect(await fetch).toMatchObject([{ error: "UNKNOWN_TOPIC_OR_PARTITION" }]);
    expect(time.pendingTimers).toBe(0);
  });
});

test("a damaged replica that has no room to begin anew is offered again, and takes its role later", async () => {
  const { manager, full } = await setUp();
  const damaged = hosted({ topic: "damaged", leader: 2, replicas: [2, 1] });
  const elsewhere = { ...damaged, assignment: { ...damaged.assignment, isr: [brokerId(2)] } };
  full.isFull = true;

  await expect(manager.host(elsewhere)).rejects.toMatchObject({ code: "DISK_FULL" });
  expect(manager.partitions.get("damaged-0")?.state.role).toBe("offline");
  full.isFull = false;
  await manager.host(elsewhere);

  expect(manager.partitions.get("damaged-0")?.state.role).toBe("follower");
  manager.close();
});
