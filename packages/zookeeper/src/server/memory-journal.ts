import type { LoggedTransaction } from "./transaction.ts";
import type { Journal } from "./write-pipeline.ts";

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
