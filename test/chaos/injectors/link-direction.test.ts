import { LinkDirection } from "./link-direction.ts";

test("a link that nobody has shaped lets everything through at once", () => {
  const link = new LinkDirection();

  expect(link.arrivalOf(1_000_000, 50)).toBe(50);
});

test("bytes arrive behind those before them, and all of them later by the delay", () => {
  const link = new LinkDirection();
  link.shape = { delayMs: 50, bytesPerSecond: 1_000 };

  expect(link.arrivalOf(100, 0)).toBe(150);
  expect(link.arrivalOf(100, 10)).toBe(250);
});

test("a link that was idle owes nothing", () => {
  const link = new LinkDirection();
  link.shape = { delayMs: 0, bytesPerSecond: 1_000 };

  link.arrivalOf(100, 0);

  expect(link.arrivalOf(100, 5_000)).toBe(5_100);
});
