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

test("a share is an eighth of what is free, and no less than asked for", () => {
  const budget = new ByteBudget({ bytesMax: 800 });

  expect(budget.tryShare({ bytesMin: 10, bytesMax: 50 })).toBe(50);
  expect(budget.tryShare({ bytesMin: 10, bytesMax: 500 })).toBe(93);
  expect(budget.tryShare({ bytesMin: 600, bytesMax: 700 })).toBe(600);
  expect(budget.tryShare({ bytesMin: 58, bytesMax: 700 })).toBeUndefined();
  expect(budget.usedBytes).toBe(743);
});

test("shares are waited for in the order of asking, and nobody overtakes", () => {
  const budget = new ByteBudget({ bytesMax: 100 });
  budget.tryReserve(100);
  const granted: string[] = [];
  const asked = { bytesMin: 40, bytesMax: 40 };
  for (const who of ["a", "b"]) budget.waitForShare(asked, (n) => granted.push(`${who} ${n}`));

  budget.release(30);
  const overtaking = budget.tryShare({ bytesMin: 1, bytesMax: 1 });
  budget.release(10);
  const first = [...granted];
  budget.release(60);

  expect(overtaking).toBeUndefined();
  expect(first).toEqual(["a 40"]);
  expect(granted).toEqual(["a 40", "b 40"]);
  expect(budget.usedBytes).toBe(80);
});

test("who gives up waiting holds nobody up, and is not granted anything later", () => {
  const budget = new ByteBudget({ bytesMax: 100 });
  budget.tryReserve(80);
  const granted: string[] = [];
  const giveUp = budget.waitForShare({ bytesMin: 90, bytesMax: 90 }, () => granted.push("large"));
  budget.waitForShare({ bytesMin: 10, bytesMax: 10 }, () => granted.push("small"));

  giveUp();
  budget.release(80);

  expect(granted).toEqual(["small"]);
  expect(budget.usedBytes).toBe(10);
});

test("requests come in while readers wait, and take the room that readers leave to them", () => {
  const budget = new ByteBudget({ bytesMax: 100 });
  const share = { bytesMin: 40, bytesMax: 40, bytesLeft: 20 };
  budget.tryShare(share);
  budget.tryShare(share);
  const granted: string[] = [];
  budget.waitForShare(share, () => granted.push("reader"));

  const request = (bytes: number) => ({ bytes, bytesLeft: 0 });
  const taken = [budget.tryTake(request(15)), budget.tryTake(request(6))];
  budget.waitToTake(request(6), () => granted.push("request"));
  const behind = budget.tryTake(request(1));
  budget.release(1);
  budget.release(40);

  expect([...taken, behind]).toEqual([true, false, false]);
  expect(granted).toEqual(["request"]);
  budget.release(21);
  expect(granted).toEqual(["request", "reader"]);
});

test("who leaves room to others is overtaken by those it is left to, and by nobody else", () => {
  const budget = new ByteBudget({ bytesMax: 100 });
  const granted: string[] = [];
  const taken = [budget.tryTake({ bytes: 60, bytesLeft: 20 })];
  taken.push(budget.tryTake({ bytes: 30, bytesLeft: 20 }));
  budget.waitToTake({ bytes: 30, bytesLeft: 20 }, () => granted.push("large"));

  taken.push(budget.tryTake({ bytes: 1, bytesLeft: 20 }));
  taken.push(budget.tryTake({ bytes: 10, bytesLeft: 0 }));
  budget.waitToTake({ bytes: 1, bytesLeft: 20 }, () => granted.push("behind it"));
  budget.waitToTake({ bytes: 40, bytesLeft: 0 }, () => granted.push("small"));
  budget.release(10);
  const first = [...granted];
  budget.release(60);

  expect(taken).toEqual([true, false, false, true]);
  expect(first).toEqual(["small"]);
  expect(granted).toEqual(["small", "large", "behind it"]);
  expect([budget.usedBytes, budget.isShort]).toEqual([71, false]);
});
