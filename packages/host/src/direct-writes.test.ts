import { deferred } from "@zoolog/base";
import { DIRECT_BYTES_MAX, DirectWrites } from "./direct-writes.ts";

function start() {
  let now = 0;
  const time = {
    advance: (ms: number) => {
      now += ms;
    },
  };
  const direct = new DirectWrites({ clock: { monotonic: () => now } });
  const writeFor = (ms: number) =>
    direct.run(() => {
      time.advance(ms);
      return 1;
    });
  return { time, direct, writeFor };
}

test("small writes go direct, large ones do not", () => {
  const { direct } = start();

  expect(direct.allows(DIRECT_BYTES_MAX)).toBe(true);
  expect(direct.allows(DIRECT_BYTES_MAX + 1)).toBe(false);
});

test("quick writes may follow each other", () => {
  const { direct, writeFor } = start();

  writeFor(20);

  expect(direct.allows(1)).toBe(true);
});

test("a slow write is followed by a hundred times as long without another", () => {
  const { direct, time, writeFor } = start();

  writeFor(21);

  expect(direct.allows(1)).toBe(false);
  time.advance(2_099);
  expect(direct.allows(1)).toBe(false);
  time.advance(1);
  expect(direct.allows(1)).toBe(true);
});

test("a slow write that fails counts, too, and its error is the caller's", () => {
  const { direct, time } = start();
  const fail = () =>
    direct.run(() => {
      time.advance(1_000);
      throw new Error("no space");
    });

  expect(fail).toThrow("no space");

  expect(direct.allows(1)).toBe(false);
});

test("nothing is written directly until the last sync has ended, well or not", async () => {
  const { direct } = start();
  const first = deferred<void>();
  const second = deferred<void>();
  const syncs = [first, second].map(({ promise }) => direct.whileSyncing(() => promise));

  first.resolve();
  await syncs[0];
  expect(direct.allows(1)).toBe(false);
  second.reject(new Error("EIO"));
  await expect(syncs[1]).rejects.toThrow("EIO");
  expect(direct.allows(1)).toBe(true);
});
