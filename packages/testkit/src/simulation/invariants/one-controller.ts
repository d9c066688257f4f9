import type { Operation } from "@zoolog/zookeeper";
import { type Invariant, note } from "./invariant.ts";

const EPOCH = "/controller_epoch";

/** What only the controller writes, and only with a check of its epoch. */
const FENCED = /^\/brokers\/topics\/.|^\/config\/(topics|brokers)\/.|^\/coordinators\/./;

const STATE = /^\/brokers\/topics\/.+\/state$/;

/** Nothing is written by a controller when another has succeeded it. */
export class OneController implements Invariant {
  readonly name = "I9";
  readonly about =
    "no write by a controller that has a successor, and none without its fence (KAFKA-6082)";
  readonly violations: string[] = [];
  #epoch = 0;

  /** One transaction of ZooKeeper. */
  written(operations: readonly Operation[]): void {
    for (const operation of operations) {
      if (!STATE.test(operation.path) || !("data" in operation)) continue;
      const { controller_epoch: epoch } = JSON.parse(Buffer.from(operation.data).toString()) as {
        readonly controller_epoch: number;
      };
      if (epoch >= this.#epoch) continue;
      note(this.violations, `${operation.path} is written by ${epoch} after ${this.#epoch}`);
    }
    const fenced = operations.find(({ type, path }) => type !== "check" && FENCED.test(path));
    const hasFence = operations.some(({ type, path }) => type === "check" && path === EPOCH);
    if (fenced !== undefined && !hasFence) note(this.violations, `${fenced.path}: no fence`);
    for (const operation of operations) {
      if (operation.path !== EPOCH || !("data" in operation)) continue;
      const epoch = Number(Buffer.from(operation.data).toString());
      if (epoch < this.#epoch) note(this.violations, `epoch ${epoch} after ${this.#epoch}`);
      this.#epoch = epoch;
    }
  }
}
