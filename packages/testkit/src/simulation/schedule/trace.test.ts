import { Trace } from "./trace.ts";

function traceOf(kinds: readonly string[], options: { recordedMax?: number } = {}): Trace {
  const trace = new Trace(options);
  for (const [i, kind] of kinds.entries()) trace.add({ atMs: i, actor: "a", kind });
  return trace;
}

test("equal events have equal hashes, and another kind, actor or time has another one", () => {
  const hashes = [
    traceOf(["x", "y"]),
    traceOf(["y", "x"]),
    traceOf(["x"]),
    traceOf(["x", "y", "y"]),
  ].map(({ hash }) => hash);
  const late = new Trace();
  late.add({ atMs: 0.001, actor: "a", kind: "x" });
  const other = new Trace();
  other.add({ atMs: 0, actor: "b", kind: "x" });

  expect(traceOf(["x", "y"]).hash).toBe(hashes[0]);
  expect(new Set([...hashes, late.hash, other.hash]).size).toBe(6);
});

test("what is only told is kept for who reads, and changes no hash", () => {
  const trace = traceOf(["x"], { recordedMax: 10 });

  trace.tell("broker-1", "log", "segment rolled");

  expect(trace.hash).toBe(traceOf(["x"]).hash);
  expect(trace.newest()).toEqual([
    { atMs: 0, actor: "a", kind: "x" },
    { atMs: 0, actor: "broker-1", kind: "log", text: "segment rolled" },
  ]);
});

test("a recording says who sent what arrives, and when", () => {
  const trace = new Trace({ recordedMax: 10 });
  let delivered = 0;
  const deliver = trace.sent("a", 1, () => {
    delivered += 1;
  });

  trace.add({ atMs: 3, actor: "b", kind: "fetch" });
  deliver();

  expect(delivered).toBe(1);
  expect(trace.newest()).toEqual([{ atMs: 3, actor: "b", kind: "fetch", from: "a", sentAtMs: 1 }]);
});

test("only the newest entries are kept, oldest first", () => {
  const trace = traceOf(["p", "q", "r", "s"], { recordedMax: 3 });

  expect(trace.newest().map(({ kind }) => kind)).toEqual(["q", "r", "s"]);
});

test("checkpoints tell where two runs begin to differ", () => {
  const kinds = Array.from({ length: 12_288 }, () => "x");
  const other = kinds.with(5_000, "y");

  const [one, two] = [traceOf(kinds).checkpoints, traceOf(other).checkpoints];

  expect([one.length, one[0] === two[0], one[1] === two[1]]).toEqual([3, true, false]);
});

test("what came before the first violation is kept, however much comes after it", () => {
  const trace = traceOf(["x", "y"], { recordedMax: 3 });
  trace.violated("I1 lost");
  trace.violated("I1 lost, too");
  for (let i = 3; i < 10; i++) trace.add({ atMs: i, actor: "a", kind: "z" });

  expect(trace.beforeViolation?.map(({ kind, text }) => text ?? kind)).toEqual([
    "x",
    "y",
    "I1 lost",
  ]);
});

test("a fault lasts from its beginning to its end", () => {
  const trace = traceOf(["x", "y"]);
  const end = trace.begin("pause broker-1", ["broker-1"]);

  trace.add({ atMs: 7, actor: "a", kind: "x" });
  end();

  const [band] = trace.bands;
  expect(band).toEqual({ what: "pause broker-1", actors: ["broker-1"], fromMs: 1, toMs: 7 });
});
