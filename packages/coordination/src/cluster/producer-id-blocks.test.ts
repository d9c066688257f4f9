import { brokerId } from "@zoolog/base";
import { MemoryCoordination } from "@zoolog/testkit";

let world: MemoryCoordination;

beforeEach(() => {
  world = new MemoryCoordination();
});
afterEach(() => world.close());

const PATH = "/latest_producer_id_block";

test("blocks follow each other and are written as documented", async () => {
  const store = await world.open("a");

  await expect(store.claimProducerIds(brokerId(3))).resolves.toEqual({ firstId: 0, size: 1_000 });
  await expect(store.claimProducerIds(brokerId(3))).resolves.toEqual({
    firstId: 1_000,
    size: 1_000,
  });

  expect(JSON.parse(Buffer.from(world.ensemble.znodes.data(PATH)!).toString())).toEqual({
    version: 1,
    broker: 3,
    block_start: "1000",
    block_end: "1999",
  });
});

test.each(["beforeApply", "afterApply"] as const)(
  "brokers that race, and lose their connections %s a write, never share an id",
  async (when) => {
    const stores = await Promise.all(["a", "b", "c"].map((name) => world.open(name)));
    for (const client of ["a", "b", "c", "a"]) world.ensemble.failNext({ when, client });

    const blocks = await world.settled(
      Promise.all(
        [...stores, ...stores, ...stores].map((store, i) =>
          store.claimProducerIds(brokerId(i % 3)),
        ),
      ),
    );

    expect(world.ensemble.pendingFaults).toBe(0);
    const firstIds = blocks.map((block) => block.firstId);
    expect(new Set(firstIds).size).toBe(9);
    expect(firstIds.every((id) => id % 1_000 === 0)).toBe(true);
  },
);

test("a block that was edited into nonsense is named, and the end of all ids too", async () => {
  const store = await world.open("a");
  const hand = await world.ensemble.connect("zkCli");
  await hand.create(PATH, Buffer.from('{"block_start":"0","block_end":"ten"}'));

  await expect(store.claimProducerIds(brokerId(0))).rejects.toMatchObject({
    code: "ZNODE_MALFORMED",
    message: expect.stringContaining(`${PATH}: block_end`),
  });
  await hand.setData(PATH, Buffer.from('{"block_start":"0","block_end":"9007199254740000"}'));
  await expect(store.claimProducerIds(brokerId(0))).rejects.toMatchObject({
    code: "PRODUCER_IDS_EXHAUSTED",
  });
});
