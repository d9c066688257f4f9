import { SessionLease } from "./session-lease.ts";

test("there is no lease before the first answer", () => {
  expect(new SessionLease().remainingMs(0)).toBe(0);
});

test("the lease counts from the sending of the request that was answered", () => {
  const lease = new SessionLease();

  lease.renew(1_000, 3_000);

  expect(lease.remainingMs(1_500)).toBe(2_500);
  expect(lease.remainingMs(4_000)).toBe(0);
  expect(lease.remainingMs(9_000)).toBe(0);
});

test("the answer to an older request does not shorten the lease", () => {
  const lease = new SessionLease();
  lease.renew(2_000, 3_000);

  lease.renew(1_000, 3_000);
  lease.renew(Number.NEGATIVE_INFINITY, 3_000);

  expect(lease.remainingMs(2_000)).toBe(3_000);
});

test("an ended lease is over at once", () => {
  const lease = new SessionLease();
  lease.renew(0, 3_000);

  lease.end();

  expect(lease.remainingMs(1)).toBe(0);
});
