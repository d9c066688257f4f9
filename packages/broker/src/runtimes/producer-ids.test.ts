import { brokerId, type Deferred, deferred, silentLogger, ZoologError } from "@zoolog/base";
import { seededRandom } from "@zoolog/testkit";
import { ProducerIds } from "./producer-ids.ts";

type Block = { readonly firstId: number; readonly size: number };

/** ZooKeeper's part of it, which answers when it is told to. */
class Blocks {
  claims = 0;
  #next = 0;
  #waiting: Deferred<Block>[] = [];
  readonly size: number;

  constructor(size: number) {
    this.size = size;
  }

  claimProducerIds(): Promise<Block> {
    this.claims += 1;
    const waiting = deferred<Block>();
    this.#waiting.push(waiting);
    return waiting.promise;
  }

  async answer(): Promise<void> {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) {
      waiting.resolve({ firstId: this.#next, size: this.size });
      this.#next += this.size;
    }
    await settle();
  }

  async fail(): Promise<void> {
    const error = new ZoologError({
      code: "COORDINATION_UNAVAILABLE",
      message: "away",
      retriable: true,
    });
    this.#waiting.shift()?.reject(error);
    await settle();
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

/** The part of an id that ZooKeeper counts. */
const counted = (id: number): number => id % 2 ** 32;

function setUp(size = 1_000, seed = 1) {
  const store = new Blocks(size);
  const random = seededRandom(seed);
  const ids = new ProducerIds({ brokerId: brokerId(1) }, { store, random, logger: silentLogger });
  const next = async () => (await ids.init({})).producerId;
  return { store, ids, next };
}

test("ids count up through one block after the other, and none is given twice", async () => {
  const { store, next } = setUp(150);
  const given = [next(), next()];
  await store.answer();
  for (let i = 2; i < 400; i++) {
    given.push(next());
    await store.answer();
  }

  const all = await Promise.all(given);
  expect(all.map(counted)).toEqual(Array.from({ length: 400 }, (_, i) => i));
  expect(new Set(all).size).toBe(400);
  expect(all.every((id) => Number.isSafeInteger(id) && id >= 0)).toBe(true);
});

test("a ZooKeeper that counts the same numbers out again gives other ids", async () => {
  const before = setUp(150, 1);
  const restored = setUp(150, 2);
  const [first, again] = [before.next(), restored.next()];
  await before.store.answer();
  await restored.store.answer();

  expect(counted(await again)).toBe(counted(await first));
  expect(await again).not.toBe(await first);
});

test("many that ask at once share one claim", async () => {
  const { store, next } = setUp();

  const given = Promise.all(Array.from({ length: 50 }, next));
  await store.answer();

  expect(new Set(await given).size).toBe(50);
  expect(store.claims).toBe(1);
});

test("the next block is claimed before the last id is given, and one block ahead at most", async () => {
  const { store, next } = setUp(150);
  const first = next();
  await store.answer();
  await first;
  for (let i = 1; i < 50; i++) await next();
  expect(store.claims).toBe(2);
  await store.answer();
  for (let i = 50; i < 150; i++) await next();

  expect(store.claims).toBe(2);
  expect(counted(await next())).toBe(150);
});

test("without ZooKeeper the ids that are left are served, then the refusal may be tried again", async () => {
  const { store, next } = setUp(3);
  const first = next();
  await store.answer();
  await first;
  await store.fail();
  expect(counted(await next())).toBe(1);
  await store.fail();
  expect(counted(await next())).toBe(2);
  await store.fail();

  const none = next();
  const refused = expect(none).rejects.toMatchObject({
    code: "COORDINATION_UNAVAILABLE",
    retriable: true,
  });
  await store.fail();
  await refused;

  const again = next();
  await store.answer();
  expect(counted(await again)).toBe(3);
});

test("an id that one has gets its next epoch, without a new id", async () => {
  const { store, ids } = setUp();

  expect(await ids.init({ producerId: 7, producerEpoch: 0 })).toEqual({
    producerId: 7,
    producerEpoch: 1,
  });
  expect(store.claims).toBe(0);
});

test("an id whose epochs are used up is replaced", async () => {
  const { store, ids } = setUp();
  expect(await ids.init({ producerId: 7_000, producerEpoch: 32_765 })).toMatchObject({
    producerEpoch: 32_766,
  });

  const replaced = ids.init({ producerId: 7_000, producerEpoch: 32_766 });
  await store.answer();

  const { producerId, producerEpoch } = await replaced;
  expect([counted(producerId), producerEpoch]).toEqual([0, 0]);
});

test.each([
  ["an id without an epoch", { producerId: 7 }, "INVALID_REQUEST"],
  ["an epoch without an id", { producerEpoch: 7 }, "INVALID_REQUEST"],
  ["a negative id", { producerId: -1, producerEpoch: 0 }, "INVALID_REQUEST"],
  ["a transactional id", { transactionalId: "payments" }, "UNSUPPORTED_VERSION"],
])("%s is refused", async (_, request, code) => {
  const { store, ids } = setUp();

  await expect(ids.init(request)).rejects.toMatchObject({ code, retriable: false });
  expect(store.claims).toBe(0);
});
