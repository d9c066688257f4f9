import { type Deferred, deferred } from "@zoolog/base";
import { ManualTime } from "@zoolog/testkit";
import { CONFIRMED_FOR_MS, SlotAuthority } from "./slot-authority.ts";

function setUp() {
  const time = new ManualTime();
  const asked: Deferred<void>[] = [];
  const writer = {
    confirm: (): Promise<void> => {
      const answer = deferred<void>();
      asked.push(answer);
      return answer.promise;
    },
  };
  const options = { writer, confirmedAt: time.clock.monotonic() };
  return { time, asked, authority: new SlotAuthority(options, { clock: time.clock }) };
}

test("an answer counts from when it was asked for, and not for longer than it may", () => {
  const { asked, authority, time } = setUp();

  time.advance(CONFIRMED_FOR_MS);
  expect(authority.confirm()).toBeUndefined();
  time.advance(1);
  expect(authority.confirm()).toBeDefined();
  expect(asked).toHaveLength(1);
});

test("who comes while an old question hangs waits for one that is asked later", async () => {
  const { asked, authority, time } = setUp();
  time.advance(CONFIRMED_FOR_MS + 1);
  const first = authority.confirm();
  time.advance(CONFIRMED_FOR_MS + 1);
  let isCertain = false;
  const second = authority.confirm()?.then(() => {
    isCertain = true;
  });

  asked[0]?.resolve();
  await first;
  await time.advanceAndSettle(0);
  expect([asked.length, isCertain]).toEqual([2, false]);
  asked[1]?.resolve();
  await second;

  expect(isCertain).toBe(true);
  expect(authority.confirm()).toBeUndefined();
});

test("a question that failed is asked again by who comes next", async () => {
  const { asked, authority, time } = setUp();
  time.advance(CONFIRMED_FOR_MS + 1);
  const failed = authority.confirm();
  asked[0]?.reject(new Error("gone"));
  await expect(failed).rejects.toThrow("gone");

  const next = authority.confirm();
  asked[1]?.resolve();

  await expect(next).resolves.toBeUndefined();
});
