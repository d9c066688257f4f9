import { collect, setUp } from "../consumer.fixture.ts";

describe("a partition that the coordinator has not heard of yet", () => {
  test("is told, stays uncommitted, and is committed once it has", async () => {
    const { consumer, groups, time, write } = setUp({ partitions: 2 });
    groups.unknown.add("texts-1");
    for (const partition of [0, 1]) await write([`p${partition}`], { partition });
    const told: string[] = [];
    const reading = consumer({
      commitIntervalMs: 1_000,
      onError: ({ message }) => told.push(message),
    });
    void collect(reading, []);
    await time.advanceAndSettle(5_000);
    const committed = () => reading.assignment().map(({ committed: offset }) => offset);

    expect(groups.committed("g")).toEqual({ "texts-0": 1 });
    expect(committed()).toEqual([1, undefined]);
    expect(told).toContainEqual(expect.stringContaining("texts-1"));

    groups.unknown.clear();
    await time.advanceAndSettle(5_000);

    expect(groups.committed("g")).toEqual({ "texts-0": 1, "texts-1": 1 });
    expect(committed()).toEqual([1, 1]);
  });

  test("does not count as committed where the offset was given either", async () => {
    const { consumer, groups, time, write } = setUp({ partitions: 2 });
    for (const partition of [0, 1]) await write([`p${partition}`], { partition });
    const reading = consumer({ commit: "manual" });
    void collect(reading, []);
    await time.advanceAndSettle(2_000);
    groups.unknown.add("texts-1");

    const positions = [0, 1].map((partition) => ({ topic: "texts", partition, offset: 1 }));
    const commit = reading.commit(positions);
    await time.advanceAndSettle(100);
    await commit;

    expect(reading.assignment().map(({ committed }) => committed)).toEqual([1, 0]);
  });
});
