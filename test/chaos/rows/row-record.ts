/** A number that a row measures, beside what the programme expects of it. */
export type Figure = {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly atMost?: number;
  readonly atLeast?: number;
};

/** What a row finds. Violations fail it; figures beyond the expected ones are shown. */
export class RowRecord {
  readonly violations: string[] = [];
  readonly figures: Figure[] = [];
  readonly remarks: string[] = [];

  violation(what: string): void {
    this.violations.push(what);
  }

  figure(figure: Figure): void {
    this.figures.push(figure);
  }

  /** The largest of several; nothing when there are none. */
  worst(values: readonly number[], figure: Omit<Figure, "value">): void {
    if (values.length > 0) this.figure({ ...figure, value: Math.max(...values) });
  }

  remark(text: string): void {
    this.remarks.push(text);
  }
}

export function isAsExpected({ value, atMost, atLeast }: Figure): boolean {
  return value <= (atMost ?? value) && value >= (atLeast ?? value);
}
