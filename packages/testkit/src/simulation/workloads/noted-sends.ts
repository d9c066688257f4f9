import { errorMessage } from "@zoolog/base";
import { type Producer, type RequiredAcks, serde, topic, ZoologError } from "@zoolog/client";
import type { SendEntry } from "../../history/history.ts";
import type { NamedSend } from "../world/world-history.ts";
import type { WorkloadParts } from "./workload.ts";

/** Codes that are said before anything was sent: the record is provably not in the log. */
const NOT_SENT: readonly string[] = ["BUFFER_EXHAUSTED", "SERIALIZATION_FAILED"];

type AnyProducer = Pick<Producer<RequiredAcks>, "send">;
type Begun = Omit<NamedSend, "outcome" | "offset" | "settledAt">;

/** The sends of one life of one producer, each noted with what became of it. */
export class NotedSends {
  readonly #parts: Pick<WorkloadParts, "world" | "history">;
  readonly #process: number;
  readonly #pending = new Map<number, Begun>();
  readonly #settled = new Set<Promise<unknown>>();
  #order = 0;

  constructor(parts: Pick<WorkloadParts, "world" | "history">) {
    this.#parts = parts;
    this.#process = parts.history.nextProcess();
  }

  /** Resolves with why it was not acknowledged, if it was not; never when the producer has died. */
  send(
    producer: AnyProducer,
    to: {
      readonly topic: string;
      readonly partition: number | undefined;
      readonly key: string | undefined;
      readonly paddingBytes: number;
    },
  ): Promise<string | undefined> {
    const order = this.#order++;
    const value = `${this.#process}:${order}${".".repeat(to.paddingBytes)}`;
    const { key, partition, topic: name } = to;
    const sentAt = this.#parts.world.schedule.nowMs;
    this.#pending.set(order, {
      process: this.#process,
      order,
      topic: name,
      partition,
      value,
      sentAt,
    });
    const records = topic(name, { key: serde.string(), value: serde.string() });
    const record = {
      value,
      ...(key === undefined ? {} : { key }),
      ...(partition === undefined ? {} : { partition }),
    };
    const noted = producer.send(records, record).then(
      (delivery) => {
        this.#note(order, "ok", delivery);
        return undefined;
      },
      (error: unknown) => {
        this.#note(order, fateOf(error), { partition, offset: undefined });
        return errorMessage(error);
      },
    );
    void noted.then(() => this.#settled.delete(noted));
    this.#settled.add(noted);
    return noted;
  }

  async settled(): Promise<void> {
    await Promise.all(this.#settled);
  }

  /** The producer is dead: what was under way may have been written or not. */
  giveUp(): void {
    for (const [order, { partition }] of this.#pending) {
      this.#note(order, "info", { partition, offset: undefined });
    }
  }

  #note(
    order: number,
    outcome: SendEntry["outcome"],
    at: { readonly partition: number | undefined; readonly offset: number | undefined },
  ): void {
    const begun = this.#pending.get(order);
    if (begun === undefined) return;
    this.#pending.delete(order);
    const { history, world } = this.#parts;
    const { process, sentAt, topic: name, value } = begun;
    const { offset, partition } = at;
    const settledAt = world.schedule.nowMs;
    const settled = { partition, outcome, offset, settledAt };
    history.sends.push({ process, order, topic: name, value, sentAt, ...settled });
  }
}

function fateOf(error: unknown): SendEntry["outcome"] {
  return error instanceof ZoologError && NOT_SENT.includes(error.code) ? "fail" : "info";
}
