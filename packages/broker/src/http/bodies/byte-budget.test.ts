import { ByteBudget } from "./byte-budget.ts";

test("bytes to come are reserved up to the maximum and not beyond", () => {
  const budget = new ByteBudget({ bytesMax: 100 });

  expect(budget.tryReserve(60)).toBe(true);
  expect(budget.tryReserve(41)).toBe(false);
  expect(budget.tryReserve(40)).toBe(true);
  budget.release(60);

  expect(budget.usedBytes).toBe(40);
});

test("bytes that are there already are taken while there is any room, and then not", () => {
  const budget = new ByteBudget({ bytesMax: 100 });

  expect(budget.tryAdd(5_000)).toBe(true);
  expect(budget.tryAdd(1)).toBe(false);
  expect(budget.tryReserve(1)).toBe(false);
  budget.release(5_000);

  expect(budget.tryAdd(1)).toBe(true);
});

test("releasing what was never held is a fault of ours", () => {
  const budget = new ByteBudget({ bytesMax: 100 });

  expect(() => budget.release(1)).toThrow("what is released was reserved");
});
