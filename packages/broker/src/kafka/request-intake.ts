import {
  assert,
  type Clock,
  type Connection,
  type Scheduler,
  type ZoologError,
} from "@zoolog/base";
import type { LargeBuffers } from "@zoolog/protocol";
import { FRAME_LENGTH_BYTES } from "@zoolog/protocol/kafka";
import type { ByteBudget, BytesArrived } from "../planes/byte-budget.ts";
import type { Call } from "../planes/call.ts";
import { throttled } from "../planes/errors.ts";
import { ReadingPace } from "../planes/reading-pace.ts";
import { frameAheadInTheWay, frameInTheWay, frameRefused, frameTooSlow } from "./errors.ts";
import { FrameReader } from "./frame-reader.ts";
import type { KafkaLimits } from "./kafka-limits.ts";
import type { RequestRoom } from "./request-room.ts";
import { type ForeignProtocol, foreignProtocol, PROTOCOL_BYTES } from "./wrong-port.ts";

type IntakeParts = {
  readonly limits: KafkaLimits;
  readonly room: RequestRoom;
  readonly bodyMemory: LargeBuffers;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
};

/** What the connection is told. */
type IntakeEvents = {
  /** One more has come to its end. */
  readonly onFrame: () => void;
  /** By its first bytes; nothing of it is looked at. */
  readonly onForeign: (protocol: ForeignProtocol) => void;
  /** There is no going on. */
  readonly onFault: (fault: ZoologError) => void;
};

type WholeFrame = {
  readonly bytes: Buffer;
  /** Its part of the room for large requests; 0 for a small one. */
  readonly admittedBytes: number;
  readonly readAt: number;
};

/**
 * What comes on one connection: charged to the clients' budget, cut into frames, and held until each
 * is worked on. A few frames are read ahead; then, and while there is no room, the socket is paused and
 * TCP holds the rest.
 */
export class RequestIntake {
  readonly #connection: Connection;
  readonly #parts: IntakeParts;
  readonly #events: IntakeEvents;
  readonly #reader: FrameReader;
  /** Has come and is not charged: there is no room. */
  readonly #arrived: Uint8Array[] = [];
  /** Cut and waiting for their turn. */
  readonly #frames: WholeFrame[] = [];
  /** Of what is in `#reader` and `#frames`. */
  #chargedBytes = 0;
  /** Of the request that is coming; 0 for a small one, or before its turn. */
  #admittedBytes = 0;
  #isStopped = false;
  #isReading = true;
  #isKnownProtocol = false;
  #stopWaiting: (() => void) | undefined;
  /** Of the request that has begun to come. */
  #pace: ReadingPace | undefined;

  constructor(connection: Connection, parts: IntakeParts, events: IntakeEvents) {
    this.#connection = connection;
    this.#parts = parts;
    this.#events = events;
    const { limits, bodyMemory: memory } = parts;
    this.#reader = new FrameReader({ frameBytesMax: limits.requestBytesMax }, { memory });
  }

  receive(chunk: Uint8Array): void {
    if (this.#isStopped) return;
    this.#pace?.received(chunk.length);
    this.#arrived.push(chunk);
    this.takeIn();
  }

  /** What has arrived, as far as there is room for it and it may be read ahead. */
  takeIn(): void {
    this.#cut();
    while (this.#stopWaiting === undefined) {
      const chunk = this.#arrived[0];
      if (chunk === undefined || !this.#admit(chunk) || !this.#take(chunk)) break;
      this.#cut();
    }
    this.#read();
  }

  /** The request that is next in the line, without its length. */
  get first(): Buffer | undefined {
    return this.#frames[0]?.bytes;
  }

  /** The first of them is the call's from now on, which gives back its bytes. */
  handOver(call: Call): void {
    const frame = this.#frames.shift();
    assert(frame !== undefined, "there is a frame to be handed over");
    const bytes = FRAME_LENGTH_BYTES + frame.bytes.length;
    this.#chargedBytes -= bytes;
    call.adopt(bytes);
    call.whenUnused(() => {
      this.#parts.bodyMemory.giveBack(frame.bytes);
      this.#leave(frame.admittedBytes);
    });
  }

  /** Why what it holds is not waited for any longer, or nothing. Called every now and then. */
  fault(now: number): ZoologError | undefined {
    const { frameTimeoutMs, largeRequestWaitMs } = this.#parts.limits;
    if (this.#isReading && this.#pace !== undefined) {
      if (this.#pace.readMs(now) >= frameTimeoutMs) return frameTooSlow(frameTimeoutMs);
      const { frameLength = 0 } = this.#reader;
      if (this.#hardlyGrows(this.#pace, frameLength, now)) return frameInTheWay(frameLength);
    }
    const isShort = this.#parts.room.large.isShort;
    const late = this.#frames.find(
      ({ admittedBytes, readAt }) => admittedBytes > 0 && now - readAt >= largeRequestWaitMs,
    );
    return isShort && late !== undefined ? frameAheadInTheWay(late.admittedBytes) : undefined;
  }

  /** Others wait, and it would take longer to come than they do. Many small ones take all the room, too. */
  #hardlyGrows(pace: ReadingPace, frameLength: number, now: number): boolean {
    const { room, limits } = this.#parts;
    const bytesPerMs = pace.look(now);
    if (bytesPerMs === undefined || !room.isShort) return false;
    return bytesPerMs * limits.largeRequestWaitMs < frameLength;
  }

  /** Reads nothing more; what is read ahead stays until it is dropped. */
  stop(): void {
    this.#leaveLine();
    if (this.#isReading) this.#connection.pause();
    this.#isReading = false;
  }

  /** Gives back all that it holds; what still comes is not looked at. */
  drop(): void {
    this.#leaveLine();
    const { room } = this.#parts;
    for (const { admittedBytes } of this.#frames) this.#leave(admittedBytes);
    this.#leave(this.#admittedBytes);
    room.all.release(this.#chargedBytes);
    this.#frames.length = 0;
    this.#admittedBytes = 0;
    this.#chargedBytes = 0;
  }

  #leaveLine(): void {
    this.#isStopped = true;
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
    this.#arrived.length = 0;
  }

  #leave(admittedBytes: number): void {
    if (admittedBytes > 0) this.#parts.room.large.release(admittedBytes);
  }

  /** Whether it may come in as far as large requests go: who has sent little of one takes no room. */
  #admit(chunk: Uint8Array): boolean {
    const { room, limits } = this.#parts;
    const { frameLength = 0 } = this.#reader;
    if (this.#admittedBytes > 0 || frameLength <= room.smallRequestBytesMax) return true;
    if (this.#chargedBytes + chunk.length <= room.smallRequestBytesMax) return true;
    const full = "there are too many large requests";
    const wait = { timeoutMs: limits.largeRequestWaitMs, full };
    return this.#takeOf(room.large, { bytes: frameLength, bytesLeft: 0 }, wait, () => {
      this.#admittedBytes = frameLength;
    });
  }

  /** The first that has arrived. */
  #take(chunk: Uint8Array): boolean {
    const { room, limits } = this.#parts;
    const arrived = room.arrived(chunk.length, this.#chargedBytes);
    const wait = { timeoutMs: limits.roomWaitMs, full: "too many bytes are in flight" };
    return this.#takeOf(room.all, arrived, wait, () => {
      this.#arrived.shift();
      this.#chargedBytes += chunk.length;
      this.#reader.push(chunk);
    });
  }

  /** `false`: not now, it goes on when there is room. */
  #takeOf(
    budget: ByteBudget,
    asked: BytesArrived,
    wait: { readonly timeoutMs: number; readonly full: string },
    taken: () => void,
  ): boolean {
    if (budget.tryTake(asked)) {
      taken();
      return true;
    }
    const { scheduler } = this.#parts;
    const timer = scheduler.after(wait.timeoutMs, () => this.#events.onFault(throttled(wait.full)));
    const giveUp = budget.waitToTake(asked, () => {
      timer.cancel();
      this.#stopWaiting = undefined;
      taken();
      // Who has just made room is not to do our work.
      scheduler.soon(() => this.takeIn());
    });
    this.#stopWaiting = () => {
      timer.cancel();
      giveUp();
    };
    return false;
  }

  /** Frames, as far as they may be read ahead. */
  #cut(): void {
    const { limits, clock } = this.#parts;
    if (this.#isStopped || this.#isForeign()) return;
    while (this.#frames.length < limits.framesAheadMax) {
      const next = this.#reader.next();
      if (next === "more") break;
      if (!Buffer.isBuffer(next)) {
        this.#events.onFault(frameRefused(next.length, limits.requestBytesMax));
        break;
      }
      const admittedBytes = this.#admittedBytes;
      this.#frames.push({ bytes: next, admittedBytes, readAt: clock.monotonic() });
      this.#admittedBytes = 0;
      this.#pace = undefined;
      this.#events.onFrame();
    }
  }

  #isForeign(): boolean {
    if (this.#isKnownProtocol) return false;
    const first = this.#reader.peek(PROTOCOL_BYTES);
    if (first === undefined) return false;
    this.#isKnownProtocol = true;
    const foreign = foreignProtocol(first);
    if (foreign !== undefined) this.#events.onForeign(foreign);
    return foreign !== undefined;
  }

  /** Reads, or leaves it to TCP to hold what comes. */
  #read(): void {
    if (this.#isStopped) return;
    const { limits, clock } = this.#parts;
    const wantsMore =
      this.#stopWaiting === undefined && this.#frames.length < limits.framesAheadMax;
    if (wantsMore !== this.#isReading) {
      if (wantsMore) this.#connection.resume();
      else this.#connection.pause();
      this.#isReading = wantsMore;
    }
    if (this.#reader.isInFrame) this.#pace ??= new ReadingPace();
    this.#pace?.setReading(wantsMore, clock.monotonic());
  }
}
