/** What may happen in the life of a log, for tests that draw such lives. */
import fc from "fast-check";

export type Command =
  | { kind: "append"; sizes: number[]; padding: number; producer: Producer }
  | { kind: "appendTogether"; sizes: number[]; producer: Producer }
  | { kind: "repeat"; back: number }
  | { kind: "skip"; producer: number }
  | { kind: "nextProducerEpoch"; producer: number }
  | { kind: "read"; at: number; maxBytes: number; minOneBatch: boolean }
  | { kind: "readOn"; pieces: number }
  | { kind: "newEpoch" }
  | { kind: "roll" }
  | { kind: "flush" }
  | { kind: "checkpoint" }
  | { kind: "truncate"; at: number }
  | { kind: "startOver"; by: number }
  | { kind: "deleteBefore"; at: number }
  | { kind: "retain"; bytes: number }
  | { kind: "restart" }
  | { kind: "crash"; crash: "process" | "power" }
  | { kind: "crashInFlight"; crash: "process" | "power"; sizes: number[]; turns: number }
  | { kind: "crashInCut"; crash: "process" | "power"; cut: Cut; at: number; turns: number };
/** The id of an idempotent producer. */
export type Producer = number | undefined;
export type Cut = "truncate" | "startOver" | "deleteBefore" | "retain" | "roll" | "flush";

const fraction = fc.double({ min: 0, max: 1, noNaN: true });
const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 });
const producerId = fc.integer({ min: 0, max: 2 });
const producer = fc.option(producerId, { nil: undefined });
const crash = fc.constantFrom("process" as const, "power" as const);

export const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 24,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      sizes,
      padding: fc.constantFrom(0, 0, 100, 250),
      producer,
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant("appendTogether" as const), sizes, producer }),
  },
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant("repeat" as const), back: fc.nat({ max: 9 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("skip" as const), producer: producerId }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("nextProducerEpoch" as const), producer: producerId }),
  },
  {
    weight: 16,
    arbitrary: fc.record({
      kind: fc.constant("read" as const),
      at: fraction,
      maxBytes: fc.constantFrom(1, 200, 1_000, 100_000),
      minOneBatch: fc.boolean(),
    }),
  },
  {
    weight: 16,
    arbitrary: fc.record({
      kind: fc.constant("readOn" as const),
      pieces: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("newEpoch" as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("roll" as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("flush" as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("checkpoint" as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("truncate" as const), at: fraction }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("startOver" as const),
      by: fc.integer({ min: -3, max: 20 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("deleteBefore" as const), at: fraction }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("retain" as const),
      bytes: fc.integer({ min: 0, max: 4_000 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("restart" as const) }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("crash" as const), crash }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("crashInFlight" as const),
      crash,
      sizes,
      turns: fc.integer({ min: 0, max: 30 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("crashInCut" as const),
      crash,
      cut: fc.constantFrom<Cut>("truncate", "startOver", "deleteBefore", "retain", "roll", "flush"),
      at: fraction,
      turns: fc.integer({ min: 0, max: 80 }),
    }),
  },
);

/** Lives, each with the seed of its disk, that once did not agree with the model. */
export const FORMER_FINDINGS: [number, Command[]][] = [
  [
    // The snapshot at the roll was lost: retention forgot producers, and a cut to the log's start.
    0,
    [
      { kind: "append", sizes: [2, 1, 3], padding: 250, producer: 0 },
      { kind: "crash", crash: "process" },
      { kind: "retain", bytes: 0 },
      { kind: "truncate", at: 0 },
    ],
  ],
  [
    // The process died between a cut and its sync; what was cut came back after a power cut.
    -852408503,
    [
      { kind: "flush" },
      { kind: "append", sizes: [1], padding: 0, producer: undefined },
      { kind: "crashInCut", crash: "process", cut: "truncate", at: 0, turns: 11 },
      { kind: "crashInCut", crash: "process", cut: "startOver", at: 0, turns: 9 },
      { kind: "crash", crash: "power" },
    ],
  ],
];
