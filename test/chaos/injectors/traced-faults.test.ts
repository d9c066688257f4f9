import { firstInjectionAt } from "./traced-faults.ts";

test("the first call that was tampered with has its time", () => {
  const output = [
    "4711 1795406558.250001 fdatasync(21 <unfinished ...>",
    "4712 1795406558.261000 fdatasync(22) = -1 EIO (Input/output error) (INJECTED)",
    "4711 1795406558.270000 <... fdatasync resumed>) = -1 EIO (Input/output error) (INJECTED)",
  ].join("\n");

  expect(firstInjectionAt(output)).toBeCloseTo(1_795_406_558_261, 0);
});

test("a call that was only late was tampered with, too", () => {
  const output = "4711 1795406558.5 fdatasync(21) = 0 (DELAYED)\n";

  expect(firstInjectionAt(output)).toBeCloseTo(1_795_406_558_500, 0);
});

test("as long as nothing was tampered with there is none", () => {
  expect(firstInjectionAt("")).toBeUndefined();
  expect(firstInjectionAt("4711 1795406558.250001 fdatasync(21) = 0\n")).toBeUndefined();
});
