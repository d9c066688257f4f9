/** One row of the report. */
export type Measurement = {
  readonly name: string;
  /** More is better, unless `bar.direction` says otherwise. */
  readonly value: number;
  readonly unit: string;
  /** What the same machine does at best, measured in the same run, in the same unit. */
  readonly ceiling?: { readonly name: string; readonly value: number };
  readonly bar?: Bar;
};

/** What a row has to reach: a part of its ceiling, or a value. Any one of several is enough. */
export type Bar = {
  readonly ratioMin?: number;
  readonly valueMin?: number;
  readonly valueMax?: number;
};

export function ratioOf({ value, ceiling }: Measurement): number | undefined {
  return ceiling === undefined ? undefined : value / ceiling.value;
}

/** `undefined` where there is no bar. */
export function reachesBar(measurement: Measurement): boolean | undefined {
  const { bar, value } = measurement;
  if (bar === undefined) return undefined;
  const ratio = ratioOf(measurement);
  return (
    (bar.ratioMin !== undefined && ratio !== undefined && ratio >= bar.ratioMin) ||
    (bar.valueMin !== undefined && value >= bar.valueMin) ||
    (bar.valueMax !== undefined && value <= bar.valueMax)
  );
}
