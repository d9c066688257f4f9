import type { Refusal } from "../decisions/write-decisions.ts";
import type { WriteRequest } from "../decisions/write-request.ts";
import type { ClientConnection } from "../sessions/client-connection.ts";
import type { LoggedTransaction, SessionId } from "../tree/transaction.ts";

/** What has been decided and waits until it, and everything before it, is durable. */
export type Proposal = {
  readonly zxid: number;
  readonly sessionId: SessionId | undefined;
  readonly outcome:
    | {
        readonly logged: LoggedTransaction;
        /** The paths noted in `PendingChanges` for it. */
        readonly changedPaths: readonly string[];
      }
    | { readonly refused: Refusal; readonly part?: number | undefined };
  /** Who asked; nobody for what the server does by itself. */
  readonly origin?: ProposalOrigin | undefined;
};

export type ProposalOrigin = {
  readonly connection: ClientConnection;
  readonly xid: number;
  /** Nothing for the opening and the end of a session. */
  readonly request?: WriteRequest | undefined;
  readonly requestBytes: number;
  readonly receivedAt: number;
};

/** First in, first out, in the order of zxids. */
export class ProposalQueue {
  #proposals: Proposal[] = [];
  #head = 0;
  #requestBytes = 0;

  get size(): number {
    return this.#proposals.length - this.#head;
  }

  /** Bytes of the requests that wait. */
  get requestBytes(): number {
    return this.#requestBytes;
  }

  push(proposal: Proposal): void {
    this.#proposals.push(proposal);
    this.#requestBytes += proposal.origin?.requestBytes ?? 0;
  }

  /**
   * Takes the first one if nothing stands in its way: a transaction must be durable; a refusal,
   * which is not logged, may go when all before it have gone, because it may rest on them.
   */
  takeReleased(durableZxid: number): Proposal | undefined {
    const first = this.#proposals[this.#head];
    if (first === undefined) return undefined;
    if ("logged" in first.outcome && first.zxid > durableZxid) return undefined;
    this.#head += 1;
    this.#requestBytes -= first.origin?.requestBytes ?? 0;
    if (this.#head > 1024 && this.#head * 2 > this.#proposals.length) {
      this.#proposals = this.#proposals.slice(this.#head);
      this.#head = 0;
    }
    return first;
  }
}
