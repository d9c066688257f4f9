/**
 * What the chaos process and the program of a Kafka client say to each other: a JSON array a line.
 * One program has all producers and readers of its client, by the numbers that the history knows.
 */
export type DriverCall =
  | readonly ["open", producer: number]
  | readonly [
      "send",
      producer: number,
      order: number,
      partition: number,
      key: string,
      value: string,
    ]
  /** Waits for everything under way. */
  | readonly ["close", producer: number]
  /** By itself, all partitions from the start. */
  | readonly ["read", reader: number]
  | readonly ["join", reader: number, group: string, protocol: GroupProtocol]
  | readonly ["leave", reader: number];

/** Kafka's two ways of a group: its members share out, or its coordinator does. */
export type GroupProtocol = "classic" | "consumer";

export type DriverEvent = WriterEvent | ReaderEvent;

export type WriterEvent =
  | readonly ["ok", producer: number, order: number, offset: number]
  /** Refused before it was sent anywhere. */
  | readonly ["fail", producer: number, order: number, why: string]
  /** In the log or not: nobody knows. */
  | readonly ["info", producer: number, order: number, why: string]
  /** The producer is of no use any more; what it had open is of unknown fate. */
  | readonly ["fatal", producer: number, why: string]
  | readonly ["closed", producer: number];

type ReaderEvent =
  | SeenEvent
  /** The reader begins anew. */
  | readonly ["error", reader: number, why: string]
  | readonly ["left", reader: number];

/** `position` is raised whenever the reader was moved. */
export type SeenEvent = readonly [
  "seen",
  reader: number,
  position: number,
  partition: number,
  records: SeenRecords,
];

export type SeenRecords = readonly (readonly [offset: number, key: string, value: string])[];

/** Of each event, what stands behind its name. */
const FIELDS: Readonly<Record<string, readonly ("number" | "string" | "records")[]>> = {
  ok: ["number", "number", "number"],
  fail: ["number", "number", "string"],
  info: ["number", "number", "string"],
  fatal: ["number", "string"],
  closed: ["number"],
  seen: ["number", "number", "number", "records"],
  error: ["number", "string"],
  left: ["number"],
};

export function encodeCall(call: DriverCall): string {
  return `${JSON.stringify(call)}\n`;
}

/** @throws SyntaxError for a line that is none: the program is wrong, nothing is to be judged by it. */
export function decodeEvent(line: string): DriverEvent {
  const event: unknown = JSON.parse(line);
  if (!Array.isArray(event)) throw new SyntaxError(`not an event: ${line}`);
  const [name, ...fields] = event as [string, ...unknown[]];
  const wanted = FIELDS[name];
  const isSo =
    wanted?.length === fields.length && wanted.every((kind, at) => isOf(kind, fields[at]));
  if (!isSo) throw new SyntaxError(`not an event: ${line}`);
  return event as unknown as DriverEvent;
}

function isOf(kind: "number" | "string" | "records", field: unknown): boolean {
  if (kind === "number") return Number.isSafeInteger(field);
  if (kind === "string") return typeof field === "string";
  return Array.isArray(field) && field.every(isRecord);
}

function isRecord(record: unknown): boolean {
  if (!Array.isArray(record)) return false;
  const [offset, key, value] = record as unknown[];
  return Number.isSafeInteger(offset) && typeof key === "string" && typeof value === "string";
}
