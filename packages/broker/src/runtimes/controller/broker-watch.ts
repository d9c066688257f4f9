import {
  type BrokerEpoch,
  type BrokerId,
  type Logger,
  type Network,
  runInBackground,
  type Scheduler,
  sleep,
} from "@zoolog/base";
import type { BrokerImage, BrokerReachabilityEvent, ClusterImage } from "@zoolog/controller";
import { httpAddressOf } from "../../broker-address.ts";
import type { ImagePollers } from "../image/image-pollers.ts";

export type BrokerWatchDependencies = {
  readonly pollers: ImagePollers;
  /** The newest image of a reign of this broker; `undefined` while it has none. */
  readonly image: () => ClusterImage | undefined;
  readonly report: (event: BrokerReachabilityEvent) => void;
  readonly network: Pick<Network, "probe">;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
};

type Life = { readonly brokerId: BrokerId; readonly brokerEpoch: BrokerEpoch };

/** A machine of the same network answers in less, with yes or no. */
export const PROBE_TIMEOUT_MS = 500;

/**
 * Pauses between looks at the same broker. The first ones are short: a process that dies may close
 * its connections a moment before its port. After the last one its session decides.
 */
const PROBE_PAUSES_MS = [10, 20, 40, 80, 150, 300, 600, 1_000, 1_000, 1_000] as const;

/**
 * The controller's eye on brokers whose processes die: one that falls silent is knocked at, and only
 * if its port refuses, the controller is told (docs/decisions/014-fast-failover.md).
 */
export class BrokerWatch {
  readonly #brokerId: BrokerId;
  readonly #dependencies: BrokerWatchDependencies;
  readonly #stopListening: () => void;
  readonly #closing = new AbortController();
  /** Who is being looked at now. */
  readonly #suspects = new Map<BrokerId, BrokerEpoch>();

  constructor(options: { readonly brokerId: BrokerId }, dependencies: BrokerWatchDependencies) {
    this.#brokerId = options.brokerId;
    this.#dependencies = dependencies;
    this.#stopListening = dependencies.pollers.listen({
      began: (life) => dependencies.report({ type: "brokerReachable", ...life }),
      silent: (life) => this.#suspect(life),
    });
  }

  /** A reign has begun: who has not polled yet may have died together with the former controller. */
  lookAtAll(): void {
    for (const broker of this.#dependencies.image()?.brokers.values() ?? []) {
      const { brokerId, brokerEpoch } = broker;
      if (brokerId !== this.#brokerId) this.#suspect({ brokerId, brokerEpoch });
    }
  }

  close(): void {
    this.#closing.abort();
    this.#stopListening();
  }

  #suspect(life: Life): void {
    if (this.#suspects.get(life.brokerId) === life.brokerEpoch) return;
    this.#suspects.set(life.brokerId, life.brokerEpoch);
    runInBackground("look at a silent broker", this.#dependencies.logger, async () => {
      try {
        await this.#look(life);
      } finally {
        if (this.#suspects.get(life.brokerId) === life.brokerEpoch) {
          this.#suspects.delete(life.brokerId);
        }
      }
    });
  }

  async #look(life: Life): Promise<void> {
    const { network, pollers, report, scheduler, logger } = this.#dependencies;
    const { signal } = this.#closing;
    for (const pauseMs of PROBE_PAUSES_MS) {
      const broker = this.#registered(life);
      const address = broker === undefined ? undefined : httpAddressOf(broker.endpoints);
      if (address === undefined || pollers.isPolling(life) || signal.aborted) return;
      // Who leaves in order has handed its leaderships over.
      if (broker?.shuttingDown === true) return;
      const outcome = await network.probe({ ...address, timeoutMs: PROBE_TIMEOUT_MS });
      if (outcome === "refused" && !pollers.isPolling(life)) {
        // `brokerId` is the one that writes the line.
        const { brokerId: silent, brokerEpoch } = life;
        logger.warn("broker refuses connections", { silent, brokerEpoch, ...address });
        report({ type: "brokerUnreachable", ...life });
        return;
      }
      await sleep(scheduler, pauseMs, signal).catch(() => {});
    }
  }

  #registered({ brokerId, brokerEpoch }: Life): BrokerImage | undefined {
    const broker = this.#dependencies.image()?.brokers.get(brokerId);
    return broker?.brokerEpoch === brokerEpoch ? broker : undefined;
  }
}
