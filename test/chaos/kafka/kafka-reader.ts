import type { FinalLog, PollEntry } from "@zoolog/testkit";
import { Coverage } from "./coverage.ts";
import type { GroupProtocol, SeenEvent, SeenRecords } from "./driver-line.ts";

/** A reader by itself, or all members of one group: what they were handed out together. */
export class KafkaReader {
  readonly name: string;
  readonly #coverage = new Coverage();
  /** Numbers of its processes in the history. */
  readonly members: readonly number[];
  /** Of a reader by itself none. */
  readonly group: { readonly name: string; readonly protocol: GroupProtocol } | undefined;

  constructor(parts: {
    readonly name: string;
    readonly members: readonly number[];
    readonly group?: { readonly name: string; readonly protocol: GroupProtocol };
  }) {
    this.name = parts.name;
    this.members = parts.members;
    this.group = parts.group;
  }

  seen([, process, position, partition, records]: SeenEvent): PollEntry {
    const key = String(partition);
    this.#coverage.add(key, records);
    const at = performance.now();
    return { f: "poll", process, key, position, records: valuesOf(records), at };
  }

  /** Whether they were handed out all of the final logs. */
  hasRead(finalLogs: readonly FinalLog[]): boolean {
    return this.#coverage.covers(finalLogs);
  }

  /** What of the final logs nobody of them was handed out. */
  gaps(finalLogs: readonly FinalLog[]): readonly string[] {
    return this.#coverage.gaps(finalLogs).map((gap) => `${this.name} did not read ${gap}`);
  }
}

/** A value begins with its record's key; with another key it is not the record that was sent. */
export function valuesOf(records: SeenRecords): readonly (readonly [number, string])[] {
  return records.map(([offset, key, value]) => [
    offset,
    value.startsWith(`${key}:`) ? value : `${value} with the key ${key}`,
  ]);
}
