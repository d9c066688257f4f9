import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { errorMessage, type Offset, offset } from "@zoolog/base";
import { encodeJsonMessage, type ReadRecordsResponse } from "@zoolog/protocol";
import type { Call } from "./call.ts";
import { ANSWER_HEADERS, EVENT_STREAM_TYPE } from "./content-types.ts";
import { failureOf } from "./error-mapping.ts";
import { invalidRequest } from "./errors.ts";
import type { PlaneParts } from "./plane-parts.ts";
import { type ReadLimits, type ReadPosition, readRecords } from "./record-reader.ts";

/** How long a browser waits before it connects again after a break. */
const RECONNECT_MS = 1_000;

/**
 * A partition as server-sent events (WHATWG HTML §9.2), one per record, with the offset as its id:
 * who comes back with `Last-Event-ID` goes on behind it. At most one answer of the log is held; the
 * next is fetched when the reader's socket has taken this one.
 */
export class RecordStream {
  readonly #parts: PlaneParts;
  readonly #response: ServerResponse;
  readonly #call: Call;

  constructor(parts: PlaneParts, response: ServerResponse, call: Call) {
    this.#parts = parts;
    this.#response = response;
    this.#call = call;
  }

  /** Ends when the reader leaves, the plane closes, or the partition fails. Never rejects. */
  async run(first: ReadRecordsResponse, limits: ReadLimits): Promise<void> {
    this.#response.writeHead(200, {
      ...ANSWER_HEADERS,
      "content-type": EVENT_STREAM_TYPE,
      "x-accel-buffering": "no",
    });
    try {
      await this.#write(`retry: ${RECONNECT_MS}\n\n`);
      await this.#follow(first, limits);
    } catch (error) {
      if (!this.#call.signal.aborted) this.#fail(error);
    }
    this.#response.end();
  }

  async #follow(first: ReadRecordsResponse, limits: ReadLimits): Promise<void> {
    const { api } = this.#parts;
    let answer = first;
    while (!this.#call.signal.aborted) {
      await this.#write(eventsOf(answer));
      const position: ReadPosition = { ...answer, offset: answer.nextOffset };
      answer = await readRecords(api, position, limits, this.#call);
    }
  }

  async #write(text: string): Promise<void> {
    if (this.#response.write(text)) return;
    await once(this.#response, "drain", { signal: this.#call.signal });
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
function eventsOf({ records }: ReadRecordsResponse): string {
  if (records.length === 0) return ": no news\n\n";
  return records
    .map((record) => `id: ${record.offset}\ndata: ${encodeJsonMessage(record)}\n\n`)
    .join("");
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
