import type { AppliedWrite } from "../zookeeper/ensemble-ports.ts";
import { type Invariant, note } from "./invariant.ts";

/** ZooKeeper knows those who live, and nobody else. */
export class OpenSessions implements Invariant {
  readonly name = "I17";
  readonly about = "once all has healed ZooKeeper has one session for each broker, and no other";
  readonly violations: string[] = [];
  readonly #open = new Set<string>();

  applied({ logged: { transaction } }: AppliedWrite): void {
    if (transaction.type === "createSession") this.opened(transaction.sessionId);
    if (transaction.type === "closeSession") this.closed(transaction.sessionId);
  }

  opened(id: number): void {
    this.#open.add(id.toString(16));
  }

  closed(id: number): void {
    this.#open.delete(id.toString(16));
  }

  /** By their ids. */
  get open(): readonly string[] {
    return [...this.#open];
  }

  look(brokers: number): void {
    const { size } = this.#open;
    if (size !== brokers) note(this.violations, `${size} sessions for ${brokers} brokers`);
  }
}
