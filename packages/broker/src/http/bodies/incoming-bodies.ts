import type { Clock, ZoologError } from "@zoolog/base";
import type { CallBudgets } from "../../planes/call-registry.ts";
import { throttled } from "../../planes/errors.ts";
import { ReadingPace } from "../../planes/reading-pace.ts";
import type { HttpLimits } from "../http-limits.ts";

type IncomingParts = {
  readonly limits: Pick<HttpLimits, "requestTimeoutMs" | "produceBodyBytesMax">;
  readonly budgets: Pick<CallBudgets, "clients" | "largeRequests">;
  readonly clock: Clock;
};

/** One body of which a part has come. */
export class IncomingBody {
  readonly #pace = new ReadingPace();
  readonly #declaredBytes: number | undefined;
  readonly #cut: (error: ZoologError) => void;
  receivedBytes = 0;
  /** As the last look found it. */
  isSlow = false;

  constructor(
    options: {
      /** From `content-length`; `undefined` for a chunked body. */
      readonly declaredBytes: number | undefined;
      readonly cut: (error: ZoologError) => void;
    },
    now: number,
  ) {
    this.#declaredBytes = options.declaredBytes;
    this.#cut = options.cut;
    this.#pace.setReading(true, now);
  }

  received(bytes: number): void {
    this.receivedBytes += bytes;
    this.#pace.received(bytes);
  }

  /** At its pace since the last look it would take longer than `timeoutMs`, all of it. */
  look(now: number, timeoutMs: number): void {
    const bytesPerMs = this.#pace.look(now);
    if (bytesPerMs === undefined) return;
    this.isSlow = bytesPerMs * timeoutMs < (this.#declaredBytes ?? this.receivedBytes);
  }

  cut(): void {
    this.#cut(throttled("the body came too slowly, and others need its room"));
  }
}

/**
 * Bodies of clients of which a part has come, in the order of their beginnings. Those that hardly grow
 * would be cut when their time is over; while others need room, they are cut as soon as that is known.
 */
export class IncomingBodies {
  readonly #parts: IncomingParts;
  readonly #bodies = new Set<IncomingBody>();

  constructor(parts: IncomingParts) {
    this.#parts = parts;
  }

  begin(options: ConstructorParameters<typeof IncomingBody>[0]): IncomingBody {
    const body = new IncomingBody(options, this.#parts.clock.monotonic());
    this.#bodies.add(body);
    return body;
  }

  end(body: IncomingBody): void {
    this.#bodies.delete(body);
  }

  /** A body found no room: when it comes again there is some, if others are in its way. */
  makeRoom(bytes: number): void {
    let freedBytes = 0;
    for (const body of this.#bodies) {
      if (freedBytes >= bytes) return;
      if (!body.isSlow) continue;
      freedBytes += body.receivedBytes;
      this.#bodies.delete(body);
      body.cut();
    }
  }

  /** Now and then: who is slow, and whether somebody waits, by whichever plane, for what those hold. */
  look(): void {
    const { budgets, clock, limits } = this.#parts;
    const now = clock.monotonic();
    for (const body of this.#bodies) body.look(now, limits.requestTimeoutMs);
    const isShort = budgets.clients.isShort || budgets.largeRequests.isShort;
    // The largest request fits then.
    if (isShort) this.makeRoom(limits.produceBodyBytesMax);
  }
}
