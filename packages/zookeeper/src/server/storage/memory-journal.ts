import type { Journal } from "../pipeline/write-pipeline.ts";
import type { LoggedTransaction } from "../tree/transaction.ts";

/** Keeps nothing: what is appended counts as durable at once. For servers without a data folder. */
export class MemoryJournal implements Journal {
  #owner: { committed(zxid: number): void } | undefined;

  /** To be called before the first `append`. */
  attach(owner: { committed(zxid: number): void }): void {
    this.#owner = owner;
  }

  append(logged: LoggedTransaction): void {
    this.#owner?.committed(logged.zxid);
  }

  async close(): Promise<void> {}
}
