import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { abortable, errorMessage, type Offset, offset } from "@zoolog/base";
import { encodeJsonMessage, type ReadRecordsResponse } from "@zoolog/protocol";
import type { Call } from "../../planes/call.ts";
import { failureOf } from "../answers/error-mapping.ts";
import { ANSWER_HEADERS, EVENT_STREAM_TYPE } from "../bodies/content-types.ts";
import { invalidRequest } from "../errors.ts";
import type { PlaneParts } from "../plane-parts.ts";
import type { ReadAnswer, ReadLimits, ReadPosition, RecordReader } from "./record-reader.ts";

/** How long a browser waits before it connects again after a break. */
const RECONNECT_MS = 1_000;

const NO_NEWS = Buffer.from(": no news\n\n");

/**
 * A partition as server-sent events (WHATWG HTML §9.2), one per record, with the offset as its id:
 * who comes back with `Last-Event-ID` goes on behind it. At most one step is held, and counts as in
 * flight; the next is fetched when the reader's socket has taken this one.
 */
export class RecordStream {
  readonly #parts: PlaneParts;
  readonly #response: ServerResponse;
  readonly #call: Call;
  readonly #reader: RecordReader;

  constructor(
    where: { readonly response: ServerResponse; readonly call: Call },
    dependencies: { readonly parts: PlaneParts; readonly reader: RecordReader },
  ) {
    this.#parts = dependencies.parts;
    this.#reader = dependencies.reader;
    this.#response = where.response;
    this.#call = where.call;
  }

  /** Ends when the reader leaves, the plane closes, or the partition fails. Never rejects. */
  async run(position: ReadPosition, first: ReadAnswer, limits: ReadLimits): Promise<void> {
    this.#response.writeHead(200, {
      ...ANSWER_HEADERS,
      "content-type": EVENT_STREAM_TYPE,
      "x-accel-buffering": "no",
    });
    try {
      await this.#write(`retry: ${RECONNECT_MS}\n\n`);
      await this.#follow(position, first, limits);
    } catch (error) {
      if (!this.#call.signal.aborted) this.#fail(error);
    }
    this.#response.end();
  }

  async #follow(start: ReadPosition, first: ReadAnswer, limits: ReadLimits): Promise<void> {
    let answer = first;
    while (!this.#call.signal.aborted) {
      await this.#write(answer.body);
      this.#call.release(answer.body.length);
      const position = { ...start, offset: answer.nextOffset };
      answer = await this.#reader.read(position, limits, this.#call, eventsOf);
    }
  }

  /** Until the socket has taken it, so that what waits for a reader is never more than this. */
  async #write(bytes: Uint8Array | string): Promise<void> {
    if (this.#response.write(bytes)) return;
    await abortable(once(this.#response, "drain"), this.#call.signal);
  }

  #fail(error: unknown): void {
    const { body, isUnexpected } = failureOf(error);
    if (isUnexpected) {
      this.#parts.logger.error("event stream failed", { error: errorMessage(error) });
    }
    this.#response.write(`event: error\ndata: ${JSON.stringify(body)}\n\n`);
  }
}

/** A comment where there is no record, so that nobody on the way takes the silence for an end. */
export function eventsOf({ records }: ReadRecordsResponse): Uint8Array {
  if (records.length === 0) return NO_NEWS;
  const events = records.map(
    (record) => `id: ${record.offset}\ndata: ${encodeJsonMessage(record)}\n\n`,
  );
  return Buffer.from(events.join(""));
}

/**
 * The offset behind the last event that a returning reader has seen.
 *
 * @throws ZoologError INVALID_REQUEST
 */
export function offsetAfter(lastEventId: string): Offset {
  if (/^\d{1,15}$/.test(lastEventId)) return offset(Number(lastEventId) + 1);
  throw invalidRequest("Last-Event-ID is not an offset", "Leave it out to begin at ?offset=….");
}
