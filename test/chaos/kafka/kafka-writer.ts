import type { SendEntry } from "@zoolog/testkit";
import { uniqueKey, uniqueValue } from "../unique-value.ts";
import type { DriverCall } from "./driver-line.ts";

export type KafkaWriterOptions = {
  readonly partitions: number;
  readonly recordsPerSecond: number;
  readonly valueBytes: number;
};

type OpenSend = Omit<SendEntry, "f" | "outcome" | "offset" | "settledAt">;

const PACE_MS = 10;

/** What is sent by one producer, or by those that take its place when it has given up. */
export class KafkaWriter {
  readonly #options: KafkaWriterOptions;
  readonly #tell: (call: DriverCall) => void;
  readonly #nextProcess: () => number;
  readonly #note: (send: SendEntry) => void;
  readonly #open = new Map<number, OpenSend>();
  #pace: NodeJS.Timeout | undefined;
  #producer: number;
  #order = 0;
  #acknowledged = 0;
  #isClosed = false;

  constructor(
    options: KafkaWriterOptions,
    dependencies: {
      readonly tell: (call: DriverCall) => void;
      /** The number of a new process of the history. */
      readonly nextProcess: () => number;
      readonly note: (send: SendEntry) => void;
    },
  ) {
    this.#options = options;
    this.#tell = dependencies.tell;
    this.#nextProcess = dependencies.nextProcess;
    this.#note = dependencies.note;
    this.#producer = this.#nextProcess();
  }

  /** The number of the producer of now; what others say is of no account any more. */
  get producer(): number {
    return this.#producer;
  }

  get hasBegun(): boolean {
    return this.#acknowledged > 0;
  }

  /** Nothing is under way any more, and its producer has ended. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** At a steady pace, whatever becomes of the sends before: an open loop sees every stall. */
  start(): void {
    this.#tell(["open", this.#producer]);
    const beganAt = performance.now();
    let count = 0;
    this.#pace = setInterval(() => {
      const due = ((performance.now() - beganAt) / 1_000) * this.#options.recordsPerSecond;
      for (; count < due; count++) this.#send();
    }, PACE_MS);
  }

  /** Sends nothing new; `closed` comes when everything under way is settled. */
  close(): void {
    clearInterval(this.#pace);
    this.#tell(["close", this.#producer]);
  }

  /** Sends nothing new, and what is open is of unknown fate for good. */
  abandon(): void {
    clearInterval(this.#pace);
    this.#forget();
    this.#isClosed = true;
  }

  settled(order: number, outcome: SendEntry["outcome"], offset: number | undefined): void {
    const send = this.#open.get(order);
    if (send === undefined) return;
    this.#open.delete(order);
    if (outcome === "ok") this.#acknowledged += 1;
    this.#note({ f: "send", ...send, outcome, offset, settledAt: performance.now() });
  }

  /** The producer has given up: another one goes on, and nobody knows what became of the rest. */
  gaveUp({ isClosing }: { readonly isClosing: boolean }): void {
    this.#forget();
    this.#isClosed = isClosing;
    if (isClosing) return;
    this.#producer = this.#nextProcess();
    this.#order = 0;
    this.#tell(["open", this.#producer]);
  }

  #forget(): void {
    for (const order of [...this.#open.keys()]) this.settled(order, "info", undefined);
  }

  #send(): void {
    const { partitions, valueBytes } = this.#options;
    const [process, order] = [this.#producer, this.#order++];
    const partition = order % partitions;
    const value = uniqueValue(process, order, valueBytes);
    const sentAt = performance.now();
    this.#open.set(order, { process, order, key: `${partition}`, value, sentAt });
    this.#tell(["send", process, order, partition, uniqueKey(process, order), value]);
  }
}
