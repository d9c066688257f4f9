import type { BrokerEpoch, BrokerId, Scheduler, Timer } from "@zoolog/base";

export type PollingBroker = { readonly brokerId: BrokerId; readonly brokerEpoch: BrokerEpoch };

export type PollerListener = {
  /** It polls again, or for the first time. */
  readonly began: (broker: PollingBroker) => void;
  /** Its poll broke off, or the next one did not come. A reason to look, never to act. */
  readonly silent: (broker: PollingBroker) => void;
};

/** Between an answered poll and the next one lies a turn of the caller's event loop or two. */
const NEXT_POLL_WITHIN_MS = 1_000;

type Presence = PollingBroker & { polls: number; timer: Timer | undefined };

/**
 * Which brokers hold an image poll. A broker whose process has died shows here first: its
 * connection breaks long before its ZooKeeper session ends (docs/decisions/014-fast-failover.md).
 */
export class ImagePollers {
  readonly #scheduler: Scheduler;
  readonly #present = new Map<BrokerId, Presence>();
  readonly #listeners = new Set<PollerListener>();

  constructor(dependencies: { readonly scheduler: Scheduler }) {
    this.#scheduler = dependencies.scheduler;
  }

  listen(listener: PollerListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** True while this life of the broker has a poll here, or had one a moment ago. */
  isPolling({ brokerId, brokerEpoch }: PollingBroker): boolean {
    return this.#present.get(brokerId)?.brokerEpoch === brokerEpoch;
  }

  /** A poll has come; the returned function says how it ended. */
  began(broker: PollingBroker): (how: "answered" | "broken") => void {
    const presence = this.#enter(broker);
    presence.polls += 1;
    return (how) => {
      presence.polls -= 1;
      // Of a life that is over, or a second poll that came before the first was seen to break.
      if (this.#present.get(broker.brokerId) !== presence || presence.polls > 0) return;
      if (how === "broken") this.#leave(presence);
      else presence.timer = this.#scheduler.after(NEXT_POLL_WITHIN_MS, () => this.#leave(presence));
    };
  }

  /** Forgets everybody without a word. */
  clear(): void {
    for (const { timer } of this.#present.values()) timer?.cancel();
    this.#present.clear();
  }

  #enter({ brokerId, brokerEpoch }: PollingBroker): Presence {
    const known = this.#present.get(brokerId);
    known?.timer?.cancel();
    if (known?.brokerEpoch === brokerEpoch) return known;
    const presence: Presence = { brokerId, brokerEpoch, polls: 0, timer: undefined };
    this.#present.set(brokerId, presence);
    for (const listener of this.#listeners) listener.began({ brokerId, brokerEpoch });
    return presence;
  }

  #leave({ brokerId, brokerEpoch }: Presence): void {
    this.#present.delete(brokerId);
    for (const listener of this.#listeners) listener.silent({ brokerId, brokerEpoch });
  }
}
