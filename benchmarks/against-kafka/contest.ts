import type { KafkaRelease } from "../../test/kafka/kafka-release.ts";
import type { RunningSide, Side } from "./side.ts";

/** One figure of a contest. */
export type Discipline = {
  readonly name: string;
  readonly unit: string;
  readonly better: "more" | "less";
  /** What Zoolog's figure is to be, as a part of the figure of Kafka 3.9. */
  readonly bar?: number;
};

export type ContestConditions = {
  /** Whose tools and client library are used, for all sides the same. */
  readonly client: KafkaRelease;
  /** How much of the work is done: 1, or less for a quick look. */
  readonly share: number;
};

/** A figure for each discipline, in their order; `undefined` where the side could not do it. */
export type Figures = readonly (number | undefined)[];

/**
 * What all sides do in turns. With `brokers`, their clusters run throughout and `measure` gets one
 * that is up; without, `measure` starts its own, and nothing else runs meanwhile.
 */
export type Contest = {
  readonly name: string;
  readonly disciplines: readonly Discipline[];
  /** Rounds that count; the first of all does not. */
  readonly rounds: number;
} & (
  | {
      readonly brokers: 1 | 3;
      readonly measure: (side: RunningSide, conditions: ContestConditions) => Promise<Figures>;
    }
  | {
      readonly brokers: "its own";
      readonly measure: (side: Side, conditions: ContestConditions) => Promise<Figures>;
    }
);
