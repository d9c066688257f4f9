import type { Membership } from "../membership/membership.ts";
import type { OpenBatch, RecordSupply } from "./record-supply.ts";
import { RecordWalk } from "./record-walk.ts";

/** A walk over one batch of one record, and time that only the test moves. */
function setUp() {
  const state = { now: 0, leaseUntil: 1_000, taken: 0, isReady: true };
  const pauses: (() => void)[] = [];
  const partition = { isRevoked: false, source: { generation: 0, position: 0 }, handling: 0 };
  const open = { partition, generation: 0, records: [{ offset: 0 }].values() };
  const supply = {
    get isReady() {
      return state.isReady;
    },
    take: () => {
      state.taken += 1;
      state.isReady = false;
      return open as unknown as OpenBatch<string, string>;
    },
  };
  const walk = new RecordWalk<string, string>({
    supply: supply as unknown as RecordSupply<string, string>,
    membership: state as unknown as Membership,
    clock: { now: () => 0 as never, monotonic: () => state.now },
    scheduler: {
      soon: (task) => queueMicrotask(task),
      after: (_, task) => {
        pauses.push(task);
        return { cancel: () => {} };
      },
      every: () => ({ cancel: () => {} }),
    },
    throwIfEnded: () => {},
  });
  const pass = () => {
    for (const task of pauses.splice(0)) task();
  };
  return { state, walk, pass };
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

test.each([
  ["batch", (walk: RecordWalk<string, string>) => walk.nextBatch()],
  ["record", (walk: RecordWalk<string, string>) => walk.next()],
])("what was fetched before the process was frozen waits for a lease: a %s", async (_, next) => {
  const { pass, state, walk } = setUp();
  // Longer than the lease; that a timer says so comes later than records that have come.
  state.now = 60_000;
  const asked = next(walk);
  await settle();
  pass();
  await settle();
  expect(state.taken).toBe(0);

  state.leaseUntil = 90_000;
  pass();
  await asked;
  expect(state.taken).toBe(1);
});
