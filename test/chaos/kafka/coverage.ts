import type { FinalLog } from "@zoolog/testkit";
import type { SeenRecords } from "./driver-line.ts";

/** Which offsets a reader, or all members of a group together, were handed out. */
export class Coverage {
  readonly #offsets = new Map<string, Set<number>>();

  add(key: string, records: SeenRecords): void {
    const offsets = this.#offsets.get(key) ?? new Set();
    this.#offsets.set(key, offsets);
    for (const [offset] of records) offsets.add(offset);
  }

  /** Whether all of the final logs is among them; cheap to ask for as long as much is missing. */
  covers(finalLogs: readonly FinalLog[]): boolean {
    return finalLogs.every(({ key, records }) => {
      const offsets = this.#offsets.get(key);
      if ((offsets?.size ?? 0) < records.length) return false;
      return records.every(([offset]) => offsets?.has(offset) === true);
    });
  }

  /** What of the final logs is not among them, a line for each log. */
  gaps(finalLogs: readonly FinalLog[]): readonly string[] {
    return finalLogs.flatMap((log) => {
      const missing = this.#missing(log);
      if (missing.length === 0) return [];
      const [first] = missing;
      return [
        `${missing.length} of ${log.records.length} in partition ${log.key}, from ${first} on`,
      ];
    });
  }

  #missing({ key, records }: FinalLog): readonly number[] {
    const offsets = this.#offsets.get(key);
    return records.map(([offset]) => offset).filter((offset) => offsets?.has(offset) !== true);
  }
}
