import { type Logger, type Network, runInBackground } from "@zoolog/base";
import type { CoordinationStore } from "@zoolog/coordination";
import type { ControllerLocation } from "../membership/controller-locator.ts";
import { PROBE_TIMEOUT_MS } from "./broker-watch.ts";

export type ControllerWatchDependencies = {
  readonly store: Pick<CoordinationStore, "state">;
  readonly network: Pick<Network, "probe">;
  /** Takes the office from it, unless somebody else has. */
  readonly succeed: (controller: ControllerLocation) => void;
  readonly logger: Logger;
};

/**
 * A broker's eye on the controller: when the image poll broke off and the controller's port refuses,
 * its office is taken from it, so that nobody waits for the end of its session
 * (docs/decisions/014-fast-failover.md).
 */
export class ControllerWatch {
  readonly #dependencies: ControllerWatchDependencies;
  #isLooking = false;

  constructor(dependencies: ControllerWatchDependencies) {
    this.#dependencies = dependencies;
  }

  /** The poll to it broke off; told again with every attempt that fails. */
  suspect(controller: ControllerLocation): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    runInBackground("look at the controller", this.#dependencies.logger, async () => {
      try {
        await this.#look(controller);
      } finally {
        this.#isLooking = false;
      }
    });
  }

  async #look(controller: ControllerLocation): Promise<void> {
    const { store, network, succeed, logger } = this.#dependencies;
    const { address, brokerId, controllerEpoch } = controller;
    const outcome = await network.probe({ ...address, timeoutMs: PROBE_TIMEOUT_MS });
    if (outcome !== "refused" || store.state !== "connected") return;
    // `brokerId` is the one that writes the line.
    const fields = { controller: brokerId, controllerEpoch, ...address };
    logger.warn("controller refuses connections", fields);
    succeed(controller);
  }
}
