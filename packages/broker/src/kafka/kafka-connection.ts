import {
  type Clock,
  type Logger,
  runInBackground,
  type Scheduler,
  type ZoologError,
} from "@zoolog/base";
import type { LargeBuffers } from "@zoolog/protocol";
import type { BrokerMetrics } from "../metrics.ts";
import type { ByteBudget } from "../planes/byte-budget.ts";
import type { Call } from "../planes/call.ts";
import type { CallRegistry } from "../planes/call-registry.ts";
import { answerUnread, throttled } from "../planes/errors.ts";
import type { RareWarnings } from "../planes/rare-warnings.ts";
import { CatchUpWaits } from "./catch-up-waits.ts";
import type { ServedConnection } from "./connection-stages.ts";
import { wrongPort } from "./errors.ts";
import type { KafkaLimits } from "./kafka-limits.ts";
import { KafkaRequestContext } from "./request-context.ts";
import type { OfferedRequest, RequestDispatch } from "./request-dispatch.ts";
import { RequestIntake } from "./request-intake.ts";
import type { RequestRoom } from "./request-room.ts";
import { type ForeignProtocol, httpAnswerOf } from "./wrong-port.ts";

/** What all connections of the plane share. */
export type ConnectionParts = {
  readonly dispatch: RequestDispatch;
  readonly limits: KafkaLimits;
  readonly calls: CallRegistry;
  /** What the clients of all planes hold together. */
  readonly budget: ByteBudget;
  readonly room: RequestRoom;
  readonly bodyMemory: LargeBuffers;
  readonly metrics: BrokerMetrics;
  readonly warnings: RareWarnings;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
};

/** Longest client id that is kept; Kafka's clients send a few dozen characters. */
const CLIENT_ID_LENGTH_MAX = 255;

/**
 * One connection is a line: a request is worked on when the one before it is answered and the kernel
 * has the answer, so answers come in the order of requests and a client that does not read has one of
 * them in memory. What comes meanwhile is the intake's.
 *
 * Every byte that came is charged to the clients' budget before it is looked at, first by the intake,
 * then to the call that it becomes part of; and so is what it was decoded into, before anybody works
 * on it.
 */
export class KafkaConnection {
  readonly #served: ServedConnection;
  readonly #parts: ConnectionParts;
  readonly #intake: RequestIntake;
  readonly #catchUpWaits: CatchUpWaits;
  /** As the registry of calls sees it. */
  readonly #callConnection = {
    once: (_event: "close", listener: () => void): void =>
      this.#served.connection.onClose(listener),
  };
  #work: "none" | "handling" | "answering" = "none";
  #state: "serving" | "closing" | "closed" = "serving";
  /** Ends the call that is being worked on. */
  #endCall: () => void = () => {};
  #activeAt: number;
  /** As they were when last looked at; `#takenAt`: when the kernel last took some of them. */
  #pendingBytes = 0;
  #takenAt = 0;

  constructor(served: ServedConnection, parts: ConnectionParts) {
    this.#served = served;
    this.#parts = parts;
    this.#intake = new RequestIntake(served.connection, parts, {
      onFrame: () => this.#begin(),
      onForeign: (protocol) => this.#turnAway(protocol),
      onFault: (fault) => this.#fail(fault),
    });
    this.#catchUpWaits = new CatchUpWaits(parts);
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
    const fault = isClosing ? undefined : this.#intake.fault(now);
    if (this.#work === "answering" && now - this.#takenAt >= unreadTimeoutMs) {
      this.#fail(answerUnread(unreadTimeoutMs));
    } else if (fault !== undefined) {
      this.#fail(fault);
    } else if (this.#work === "none" && now - this.#activeAt >= idleTimeoutMs) {
      logger.debug("idle connection closed", { listener, remoteAddress });
      connection.destroy();
    }
  }

  /** Answers what is being worked on and closes; what is read ahead was never begun. */
  beginClosing(): void {
    if (this.#state !== "serving") return;
    this.#state = "closing";
    this.#intake.stop();
    if (this.#work === "none") this.#served.connection.end();
  }

  destroy(): void {
    this.#served.connection.destroy();
  }

  #receive(chunk: Uint8Array): void {
    if (this.#state !== "serving") return;
    this.#activeAt = this.#parts.clock.monotonic();
    this.#parts.metrics.kafka.receivedBytes.value += chunk.length;
    this.#intake.receive(chunk);
  }

  #turnAway(protocol: ForeignProtocol): void {
    const fault = wrongPort(protocol, this.#served.listener);
    if (protocol === "HTTP") this.#refuse(fault);
    else this.#fail(fault);
  }

  /** Said in HTTP; what else comes is dropped. */
  #refuse(fault: ZoologError): void {
    this.#warn(fault);
    this.#state = "closing";
    this.#intake.drop();
    this.#work = "answering";
    this.#takenAt = this.#parts.clock.monotonic();
    this.#served.connection.writeAll([httpAnswerOf(fault)], () => this.#answered());
  }

  /** The next one in the line. */
  #begin(): void {
    const frame = this.#intake.first;
    if (this.#work !== "none" || frame === undefined) return;
    this.#work = "handling";
    runInBackground("kafka request", this.#parts.logger, () => this.#serve(frame));
  }

  async #serve(frame: Buffer): Promise<void> {
    try {
      const request = this.#parts.dispatch.read(frame);
      const call = this.#call(request);
      const { apiVersion } = request.header;
      const { listener } = this.#served;
      const catchUpWaits = this.#catchUpWaits;
      const origin = { call, listener, apiVersion, catchUpWaits };
      const context = new KafkaRequestContext(origin, this.#parts);
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

  #call({ name, header }: OfferedRequest): Call {
    const { calls, limits, metrics, clock } = this.#parts;
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
    this.#intake.handOver(call);
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
    this.#intake.takeIn();
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
    this.#intake.drop();
  }
}

function noRoom() {
  return throttled("too many bytes are in flight");
}
