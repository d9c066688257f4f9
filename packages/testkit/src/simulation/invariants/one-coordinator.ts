import type { AppliedWrite, AskingSession } from "../zookeeper/ensemble-ports.ts";
import { type Invariant, note } from "./invariant.ts";

type Transaction = AppliedWrite["logged"]["transaction"];
type Change = Extract<Transaction, { readonly type: "multi" }>["changes"][number];

const REGISTRATIONS = "/brokers/ids/";
const SLOTS = "/coordinators/";

/**
 * Nothing is written for a slot by a coordinator that has a successor. Whoever writes for a slot, or asks
 * whether it is still theirs, checks its znode: that passes for the registration to which the slot is
 * given, and for nobody else.
 */
export class OneCoordinator implements Invariant {
  readonly name = "I9";
  readonly about = "no write for a slot of groups by a broker that does not coordinate it any more";
  readonly violations: string[] = [];
  /** By session: the broker epoch under which it is registered. */
  readonly #registered = new Map<AskingSession, number>();
  /** By path of a slot: the epoch of the broker that coordinates it. */
  readonly #coordinators = new Map<string, number>();

  applied(write: Pick<AppliedWrite, "logged" | "sessionId">): void {
    const { transaction } = write.logged;
    if (transaction.type === "createSession") return;
    if (transaction.type === "closeSession") this.#registered.delete(transaction.sessionId);
    else if (transaction.type !== "multi") this.#changed(transaction, write);
    else for (const change of transaction.changes) this.#changed(change, write);
  }

  #changed(
    change: Change,
    { logged, sessionId }: Pick<AppliedWrite, "logged" | "sessionId">,
  ): void {
    const { path, type } = change;
    if (type === "create" && change.owner !== undefined && path.startsWith(REGISTRATIONS)) {
      this.#registered.set(change.owner, logged.zxid);
    }
    if (!path.startsWith(SLOTS)) return;
    if (type === "check") this.#passed(path, sessionId);
    if (type !== "create" && type !== "setData") return;
    const { broker_epoch: epoch } = JSON.parse(Buffer.from(change.data ?? []).toString()) as {
      readonly broker_epoch: number;
    };
    this.#coordinators.set(path, epoch);
  }

  #passed(path: string, sessionId: AskingSession): void {
    const epoch = this.#registered.get(sessionId);
    const given = this.#coordinators.get(path);
    if (epoch !== undefined && epoch === given) return;
    note(this.violations, `${path} is checked by a broker of epoch ${epoch}, it is ${given}'s`);
  }
}
