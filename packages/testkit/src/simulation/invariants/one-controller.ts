import type { Operation } from "@zoolog/zookeeper";
import type { World } from "../world/world.ts";
import type { Invariant } from "./invariant.ts";
import { partitionStatesOf } from "./partition-states.ts";

const EPOCH = "/controller_epoch";

/** What only the controller writes, and only with a check of its epoch. */
const FENCED = /^\/brokers\/topics\/.|^\/config\/(topics|brokers)\/.|^\/coordinators\/./;

/** Nothing is written by a controller when another has succeeded it. */
export class OneController implements Invariant {
  readonly name = "I9";
  readonly about = "no write by a controller that has a successor, and none without its fence";
  readonly violations: string[] = [];
  #epoch = 0;

  constructor(world: World) {
    world.writeListeners.push((operations) => this.#written(operations));
  }

  #written(operations: readonly Operation[]): void {
    for (const { partition, controllerEpoch } of partitionStatesOf(operations)) {
      if (controllerEpoch >= this.#epoch) continue;
      this.violations.push(`${partition} is written by ${controllerEpoch} after ${this.#epoch}`);
    }
    const fenced = operations.find(({ type, path }) => type !== "check" && FENCED.test(path));
    const hasFence = operations.some(({ type, path }) => type === "check" && path === EPOCH);
    if (fenced !== undefined && !hasFence) this.violations.push(`${fenced.path}: no fence`);
    for (const operation of operations) {
      if (operation.path !== EPOCH || !("data" in operation)) continue;
      const epoch = Number(Buffer.from(operation.data).toString());
      if (epoch < this.#epoch) this.violations.push(`epoch ${epoch} after ${this.#epoch}`);
      this.#epoch = epoch;
    }
  }
}
