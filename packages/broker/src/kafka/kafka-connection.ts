import {
  type Clock,
  type Logger,
  runInBackground,
  type Scheduler,
  type ZoologError,
} from "@zoolog/base";
import { FRAME_LENGTH_BYTES } from "@zoolog/protocol/kafka";
import type { BrokerMetrics } from "../metrics.ts";
import type { BodyMemory } from "../planes/body-memory.ts";
import type { ByteBudget, BytesArrived } from "../planes/byte-budget.ts";
import type { Call } from "../planes/call.ts";
import type { CallRegistry } from "../planes/call-registry.ts";
import { answerUnread, throttled } from "../planes/errors.ts";
import type { RareWarnings } from "../planes/rare-warnings.ts";
import type { ServedConnection } from "./connection-stages.ts";
import { frameInTheWay, frameRefused, frameTooSlow, wrongPort } from "./errors.ts";
import { FrameReader } from "./frame-reader.ts";
import type { KafkaLimits } from "./kafka-limits.ts";
import { ReadingPace } from "./reading-pace.ts";
import { KafkaRequestContext } from "./request-context.ts";
import type { OfferedRequest, RequestDispatch } from "./request-dispatch.ts";
import { foreignProtocol, httpAnswerOf, PROTOCOL_BYTES } from "./wrong-port.ts";

/** What all connections of the plane share. */
export type ConnectionParts = {
  readonly dispatch: RequestDispatch;
  readonly limits: KafkaLimits;
  readonly calls: CallRegistry;
  /** What the clients of all planes hold together. */
  readonly budget: ByteBudget;
  readonly bodyMemory: BodyMemory;
  readonly metrics: BrokerMetrics;
  readonly warnings: RareWarnings;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
};

/** Longest client id that is kept; Kafka's clients send a few dozen characters. */
const CLIENT_ID_LENGTH_MAX = 255;

/** Of all the room: what large requests leave free at most. */
const PART_FOR_SMALL_REQUESTS = 1 / 8;

/** Of the pace at which the largest request comes in the longest time: some 35 kB/s by default. */
const HARDLY_GROWING = 1 / 8;

/**
 * One connection is a line: a request is worked on when the one before it is answered and the kernel
 * has the answer, so answers come in the order of requests and a client that does not read has one of
 * them in memory. A few frames are read ahead; then the socket is paused and TCP holds the rest.
 *
 * Every byte that came is charged to the clients' budget before it is looked at, first here, then to
 * the call that it becomes part of; and so is what it was decoded into, before anybody works on it.
 */
export class KafkaConnection {
  readonly #served: ServedConnection;
  readonly #parts: ConnectionParts;
  readonly #reader: FrameReader;
  /** As the registry of calls sees it. */
  readonly #callConnection = {
    once: (_event: "close", listener: () => void): void =>
      this.#served.connection.onClose(listener),
  };
  /** Has come and is not charged: there is no room. */
  readonly #arrived: Uint8Array[] = [];
  /** Cut and waiting for their turn. */
  readonly #frames: Buffer[] = [];
  /** Of what is in `#reader` and `#frames`. */
  #chargedBytes = 0;
  #work: "none" | "handling" | "answering" = "none";
  #state: "serving" | "closing" | "closed" = "serving";
  #isReading = true;
  #isKnownProtocol = false;
  #stopWaiting: (() => void) | undefined;
  /** Ends the call that is being worked on. */
  #endCall: () => void = () => {};
  #activeAt: number;
  #frameBeganAt: number | undefined;
  /** Of the request that has begun to come. */
  #pace: ReadingPace | undefined;
  /** As they were when last looked at; `#takenAt`: when the kernel last took some of them. */
  #pendingBytes = 0;
  #takenAt = 0;

  constructor(served: ServedConnection, parts: ConnectionParts) {
    this.#served = served;
    this.#parts = parts;
    const { limits, bodyMemory: memory } = parts;
    this.#reader = new FrameReader({ frameBytesMax: limits.requestBytesMax }, { memory });
    this.#activeAt = parts.clock.monotonic();
    served.connection.onClose(() => this.#closed());
    served.connection.onData((chunk) => this.#receive(chunk));
  }

  /** Looks for silence: called every now and then. */
  check(): void {
    if (this.#state === "closed") return;
    const { limits, clock, logger } = this.#parts;
    const { connection, listener, remoteAddress } = this.#served;
    const now = clock.monotonic();
    if (connection.pendingBytes !== this.#pendingBytes) {
      this.#pendingBytes = connection.pendingBytes;
      this.#takenAt = now;
    }
    const isClosing = this.#state === "closing";
    const unreadTimeoutMs = isClosing ? limits.closingUnreadTimeoutMs : limits.unreadTimeoutMs;
    const idleTimeoutMs = isClosing ? limits.closingUnreadTimeoutMs : limits.idleTimeoutMs;
    const began = this.#isReading ? this.#frameBeganAt : undefined;
    if (this.#work === "answering" && now - this.#takenAt >= unreadTimeoutMs) {
      this.#fail(answerUnread(unreadTimeoutMs));
    } else if (began !== undefined && now - began >= limits.frameTimeoutMs) {
      this.#fail(frameTooSlow(limits.frameTimeoutMs));
    } else if (this.#isInTheWay(now)) {
      this.#fail(frameInTheWay(this.#chargedBytes));
    } else if (this.#work === "none" && now - this.#activeAt >= idleTimeoutMs) {
      logger.debug("idle connection closed", { listener, remoteAddress });
      connection.destroy();
    }
  }

  /**
   * Others wait for room, and a good deal of it is held by a request that comes much more slowly than
   * the largest one may: no client does, however far away it is.
   */
  #isInTheWay(now: number): boolean {
    const { budget, limits } = this.#parts;
    const bytesPerMs = this.#pace?.look(now);
    if (bytesPerMs === undefined || !budget.isShort) return false;
    if (this.#chargedBytes <= limits.smallRequestBytesMax) return false;
    return bytesPerMs < (limits.requestBytesMax / limits.frameTimeoutMs) * HARDLY_GROWING;
  }

  /** Answers what is being worked on and closes; what is read ahead was never begun. */
  beginClosing(): void {
    if (this.#state !== "serving") return;
    this.#state = "closing";
    this.#read();
    if (this.#work === "none") this.#served.connection.end();
  }

  destroy(): void {
    this.#served.connection.destroy();
  }

  #receive(chunk: Uint8Array): void {
    if (this.#state !== "serving") return;
    this.#activeAt = this.#parts.clock.monotonic();
    this.#parts.metrics.kafka.receivedBytes.value += chunk.length;
    this.#pace?.received(chunk.length);
    this.#arrived.push(chunk);
    this.#takeIn();
  }

  /** What has arrived, as far as there is room for it. */
  #takeIn(): void {
    while (this.#stopWaiting === undefined) {
      const chunk = this.#arrived[0];
      if (chunk === undefined) break;
      if (this.#parts.budget.tryTake(this.#needed(chunk))) this.#charge(chunk);
      else this.#waitForRoom(chunk);
    }
    this.#advance();
  }

  /** Large requests leave some room to small ones, which would wait as long as they take to come. */
  #needed({ length: bytes }: Uint8Array): BytesArrived {
    const { budget, limits } = this.#parts;
    const isSmall = this.#chargedBytes + bytes <= limits.smallRequestBytesMax;
    const beside = Math.max(0, budget.bytesMax - limits.requestBytesMax);
    const bytesLeft = isSmall ? 0 : Math.min(beside, budget.bytesMax * PART_FOR_SMALL_REQUESTS);
    return { bytes, bytesLeft };
  }

  /** The first that has arrived. */
  #charge(chunk: Uint8Array): void {
    this.#arrived.shift();
    this.#chargedBytes += chunk.length;
    this.#reader.push(chunk);
  }

  #waitForRoom(chunk: Uint8Array): void {
    const { budget, scheduler, limits } = this.#parts;
    const timer = scheduler.after(limits.roomWaitMs, () => this.#fail(noRoom()));
    const giveUp = budget.waitToTake(this.#needed(chunk), () => {
      timer.cancel();
      this.#stopWaiting = undefined;
      this.#charge(chunk);
      // Who has just made room is not to do our work.
      scheduler.soon(() => this.#takeIn());
    });
    this.#stopWaiting = () => {
      timer.cancel();
      giveUp();
    };
  }

  /** Cuts frames as far as they may be read ahead, and begins the next one in the line. */
  #advance(): void {
    if (this.#state !== "serving" || this.#isForeign()) return;
    const { framesAheadMax, requestBytesMax } = this.#parts.limits;
    while (this.#frames.length < framesAheadMax) {
      const next = this.#reader.next();
      if (next === "more") break;
      if (!Buffer.isBuffer(next)) {
        this.#fail(frameRefused(next.length, requestBytesMax));
        return;
      }
      this.#frames.push(next);
      this.#frameBeganAt = undefined;
      this.#pace = undefined;
      this.#begin();
    }
    this.#read();
  }

  #isForeign(): boolean {
    if (this.#isKnownProtocol) return false;
    const first = this.#reader.peek(PROTOCOL_BYTES);
    if (first === undefined) return false;
    this.#isKnownProtocol = true;
    const foreign = foreignProtocol(first);
    if (foreign === undefined) return false;
    const fault = wrongPort(foreign, this.#served.listener);
    if (foreign === "HTTP") this.#refuse(fault);
    else this.#fail(fault);
    return true;
  }

  /** Said in HTTP; what else comes is dropped. */
  #refuse(fault: ZoologError): void {
    this.#warn(fault);
    this.#state = "closing";
    this.#drop();
    this.#work = "answering";
    this.#takenAt = this.#parts.clock.monotonic();
    this.#served.connection.writeAll([httpAnswerOf(fault)], () => this.#answered());
  }

  /** Reads, or leaves it to TCP to hold what comes. */
  #read(): void {
    const { limits, clock } = this.#parts;
    const now = clock.monotonic();
    const wantsMore =
      this.#state === "serving" &&
      this.#stopWaiting === undefined &&
      this.#frames.length < limits.framesAheadMax;
    if (wantsMore !== this.#isReading) {
      // Time in which nothing could come does not count.
      this.#frameBeganAt = undefined;
      if (wantsMore) this.#served.connection.resume();
      else this.#served.connection.pause();
      this.#isReading = wantsMore;
      this.#pace?.setReading(wantsMore, now);
    }
    if (!this.#reader.isInFrame) {
      this.#frameBeganAt = undefined;
      return;
    }
    this.#frameBeganAt ??= now;
    if (wantsMore) this.#pace ??= new ReadingPace(now);
  }

  #begin(): void {
    if (this.#work !== "none") return;
    const frame = this.#frames.shift();
    if (frame === undefined) return;
    this.#work = "handling";
    runInBackground("kafka request", this.#parts.logger, () => this.#serve(frame));
  }

  async #serve(frame: Buffer): Promise<void> {
    try {
      const request = this.#parts.dispatch.read(frame);
      const call = this.#call(frame, request);
      const { apiVersion } = request.header;
      const { listener } = this.#served;
      const context = new KafkaRequestContext({ call, listener, apiVersion }, this.#parts);
      const { decodedBytes, answer } = request.decode();
      if (decodedBytes > 0 && !call.tryReserve(decodedBytes)) throw noRoom();
      const pieces = await call.holdWhile(answer(context));
      if (this.#state === "closed") return;
      if (pieces === undefined) this.#answered();
      else this.#write(pieces, context);
    } catch (error) {
      this.#fail(error);
    }
  }

  #call(frame: Buffer, { name, header }: OfferedRequest): Call {
    const { calls, limits, metrics, clock, bodyMemory } = this.#parts;
    const startedAt = clock.monotonic();
    const durations = metrics.kafka.durations.of(name);
    const origin = {
      clientId: header.clientId?.slice(0, CLIENT_ID_LENGTH_MAX) ?? "",
      remoteAddress: this.#served.remoteAddress,
      principal: this.#served.principal,
      bodyBytesMax: limits.requestBytesMax,
      connection: this.#callConnection,
      onClosed: (listener: () => void) => {
        this.#endCall = listener;
      },
    };
    const call = calls.begin(origin, () =>
      durations.observe((clock.monotonic() - startedAt) / 1000),
    );
    const bytes = FRAME_LENGTH_BYTES + frame.length;
    this.#chargedBytes -= bytes;
    call.adopt(bytes);
    call.whenUnused(() => bodyMemory.giveBack(frame));
    return call;
  }

  #write(pieces: readonly Uint8Array[], context: KafkaRequestContext): void {
    const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
    context.answerMemory({ maxWaitMs: 0 }).keep(bytes);
    this.#parts.metrics.kafka.sentBytes.value += bytes;
    this.#work = "answering";
    this.#takenAt = this.#parts.clock.monotonic();
    this.#served.connection.writeAll(pieces, () => this.#answered());
  }

  #answered(): void {
    this.#endCall();
    this.#work = "none";
    this.#activeAt = this.#parts.clock.monotonic();
    if (this.#state === "closing") {
      this.#served.connection.end();
      return;
    }
    this.#begin();
    this.#advance();
  }

  /** Nothing can be said to the client but that it is over. */
  #fail(fault: unknown): void {
    if (this.#state !== "closed") this.#warn(fault);
    this.#closed();
    this.#served.connection.destroy();
  }

  #warn(fault: unknown): void {
    const { warnings, metrics } = this.#parts;
    const { listener, remoteAddress } = this.#served;
    metrics.kafka.connectionsFailed.value += 1;
    warnings.warn("connection closed", fault, { listener, remoteAddress });
  }

  #closed(): void {
    this.#state = "closed";
    this.#drop();
  }

  /** What came and is not looked at any more. */
  #drop(): void {
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
    this.#frames.length = 0;
    this.#arrived.length = 0;
    this.#parts.budget.release(this.#chargedBytes);
    this.#chargedBytes = 0;
  }
}

function noRoom() {
  return throttled("too many bytes are in flight");
}
