import { ReadLease } from "@zoolog/log";
import type { MemoryPartitionLog } from "@zoolog/testkit";
import { fetchFrom, produceTo, setUp, turn } from "../replica-manager.fixture.ts";

describe("the memory of a fetch", () => {
  /** Grants as told and keeps the books. */
  function memoryOf(granted = Number.POSITIVE_INFINITY) {
    const books = { held: 0, asked: [] as { bytesMin: number; bytesMax: number }[] };
    const memory = {
      reserve: async (asked: { bytesMin: number; bytesMax: number }) => {
        books.asked.push(asked);
        const bytes = Math.min(asked.bytesMax, granted);
        books.held += bytes;
        return bytes;
      },
      release: (bytes: number) => {
        books.held -= bytes;
      },
    };
    return { books, memory };
  }

  test("is reserved before anything is read, and what is not needed goes back", async () => {
    const { manager, logs } = await setUp();
    await manager.produce(produceTo(0, "x"));
    const { books, memory } = memoryOf();
    const heldAtRead: number[] = [];
    const log = logs.get("t-0") as MemoryPartitionLog;
    const read = log.read.bind(log);
    log.read = (request) => {
      heldAtRead.push(books.held);
      return read(request);
    };

    const [answer] = await manager.fetch(fetchFrom({ each: 10, memory }));

    // The first batch comes whatever the limits: its room is the largest that the topic allows.
    expect(books.asked).toEqual([{ bytesMin: 1_000_000, bytesMax: 1_000_000 }]);
    expect(heldAtRead).toEqual([1_000_000]);
    expect(answer).toMatchObject({ sizeInBytes: books.held });
    expect(books.held).toBeGreaterThan(0);
  });

  test("is none where there is nothing to read", async () => {
    const { manager } = await setUp();
    const { books, memory } = memoryOf();

    await manager.fetch(fetchFrom({ maxWaitMs: 0, memory }));

    expect(books.asked).toEqual([]);
  });

  test("is given back while it waits for more, and reserved again for what it reads then", async () => {
    const { manager } = await setUp();
    await manager.produce(produceTo(0, "x".repeat(1_000)));
    const { books, memory } = memoryOf();

    const lease = new ReadLease();
    const givenBack = jest.spyOn(lease, "giveBack");

    const fetch = manager.fetch(fetchFrom({ minBytes: 1_500, memory: { ...memory, lease } }));
    await turn();
    const parked = [manager.parked.fetches, books.held, givenBack.mock.calls.length];
    await manager.produce(produceTo(0, "y".repeat(1_000)));
    const [answer] = await fetch;

    expect(parked).toEqual([1, 0, 1]);
    // What it answers is in use until the answer has gone.
    expect(givenBack).toHaveBeenCalledTimes(1);
    expect(answer).toMatchObject({ batches: [{}, {}], sizeInBytes: books.held });
  });

  test("bounds the answer, which is told at once rather than waiting for what does not fit", async () => {
    const { manager } = await setUp();
    for (const value of ["a", "b", "c"]) await manager.produce(produceTo(0, value.repeat(1_000)));
    const { books, memory } = memoryOf(2_500);

    const [answer] = await manager.fetch(fetchFrom({ minBytes: 3_000, memory }));

    expect(answer).toMatchObject({ batches: [{}, {}], sizeInBytes: books.held });
  });

  test("that is all that was asked for is not short: it waits for minBytes, as ever", async () => {
    const { manager } = await setUp();
    await manager.produce(produceTo(0, "a".repeat(1_000)));
    const { memory } = memoryOf();

    const fetch = manager.fetch(fetchFrom({ minBytes: 5_000, each: 1_200, memory }));
    await turn();

    expect(manager.parked.fetches).toBe(1);
    manager.close();
    await fetch;
  });

  test("refused as nobody wants the answer any more, lets nothing be read", async () => {
    const { manager, logs } = await setUp();
    await manager.produce(produceTo(0, "x"));
    const { memory } = memoryOf(0);

    const answers = await manager.fetch(fetchFrom({ maxWaitMs: 0, memory }));

    expect(answers).toMatchObject([{ batches: [] }]);
    expect(logs.get("t-0")?.calls).not.toContain("read 0");
  });

  test("is no longer filled when the caller has hung up", async () => {
    const { manager } = await setUp({ partitions: 3 });
    for (const partition of [0, 1, 2]) await manager.produce(produceTo(partition, "x"));
    const signal = AbortSignal.abort();
    const at = [0, 1, 2].map((partition) => [partition, 0] as const);

    const answers = await manager.fetch(fetchFrom({ at, signal }));

    expect(answers).toMatchObject([{ batches: [{}] }, { batches: [] }, { batches: [] }]);
  });
});
