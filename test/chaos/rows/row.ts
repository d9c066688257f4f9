import type { Capability } from "../injectors/capability.ts";
import type { RowRecord } from "./row-record.ts";

/** How long a row goes on when nobody says otherwise. */
export type RowLength = { readonly seconds: number } | { readonly times: number };

export type RowRequest = {
  readonly seed: number;
  /** As long as that, or as often, by the row's own length. */
  readonly seconds: number;
  readonly times: number;
  /** Records per second of each of the writers. */
  readonly recordsPerSecond: number;
  /** For all brokers, beside the row's own. */
  readonly settings: Readonly<Record<string, string>>;
  readonly keep: boolean;
  readonly record: RowRecord;
};

/** One line of the programme on real processes. */
export type Row = {
  readonly id: string;
  /** What is done to the cluster. */
  readonly about: string;
  readonly expected: string;
  /** What the machine must be able to do; else the row is not run, and says so. */
  readonly needs: readonly Capability[];
  readonly length: RowLength;
  readonly run: (request: RowRequest) => Promise<void>;
};
