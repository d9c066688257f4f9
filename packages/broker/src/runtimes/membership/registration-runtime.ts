import {
  type BrokerEpoch,
  errorCode,
  errorMessage,
  type Logger,
  runInBackground,
} from "@zoolog/base";
import type { BrokerRegistration, CoordinationStore } from "@zoolog/coordination";

export type RegistrationDependencies = {
  /** Made anew each time: its timestamp tells when the broker came back. */
  readonly registration: () => BrokerRegistration;
  /** Before anything is done under the new epoch. */
  readonly onRegistered: (brokerEpoch: BrokerEpoch) => Promise<void>;
  /** `brokerEpoch` has changed: what the image says of this broker may mean it now. */
  readonly onInForce: () => void;
  readonly store: CoordinationStore;
  readonly logger: Logger;
};

/**
 * Keeps this broker registered: once at the start, again with each new session, as the former
 * registration went with the old one, and whenever somebody removed or overwrote it.
 */
export class RegistrationRuntime {
  readonly #dependencies: RegistrationDependencies;
  readonly #stopListening: (() => void)[] = [];
  #isBusy = false;
  #isClosed = false;
  #brokerEpoch: BrokerEpoch | undefined;
  #failure: string | undefined;

  constructor(dependencies: RegistrationDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Takes the broker's place in the cluster.
   *
   * @throws ZoologError `BROKER_ID_TAKEN`
   */
  async start(): Promise<void> {
    const { store, logger } = this.#dependencies;
    this.#stopListening.push(store.onNewSession(() => this.#register()));
    await this.#register();
    const look = (): void => runInBackground("look at registration", logger, () => this.#look());
    this.#stopListening.push(store.onHint("brokers", look));
  }

  /** Of the registration that stands; `undefined` while there is none. */
  get brokerEpoch(): BrokerEpoch | undefined {
    return this.#dependencies.store.state === "expired" ? undefined : this.#brokerEpoch;
  }

  /** Why the broker could not be registered, for a person. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Leaves the cluster, so that nobody waits for the session to end. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const stop of this.#stopListening) stop();
    this.#brokerEpoch = undefined;
    const { store, registration } = this.#dependencies;
    if (store.state === "connected") await store.unregisterBroker(registration().brokerId);
  }

  /** Is what stands in ZooKeeper still what was written there? */
  async #look(): Promise<void> {
    const { store, logger } = this.#dependencies;
    if (this.#isBusy || store.state !== "connected") return;
    this.#isBusy = true;
    try {
      const { value } = await store.readBrokers();
      const mine = this.#brokerEpoch;
      const stands = value.some(({ brokerEpoch }) => brokerEpoch === mine);
      if (stands || this.#isClosed || store.state !== "connected") return;
      logger.warn("registration is gone or unreadable, registering anew", { brokerEpoch: mine });
      await this.#register();
    } finally {
      this.#isBusy = false;
    }
  }

  async #register(): Promise<void> {
    this.#brokerEpoch = undefined;
    const { store, registration } = this.#dependencies;
    try {
      const brokerEpoch = await store.registerBroker(registration());
      await this.#dependencies.onRegistered(brokerEpoch);
      this.#brokerEpoch = brokerEpoch;
      this.#failure = undefined;
      this.#dependencies.onInForce();
    } catch (error) {
      // Another broker took our place while we were away: only an operator can tell who is right.
      if (errorCode(error) === "BROKER_ID_TAKEN") this.#failure = `${errorMessage(error)}.`;
      throw error;
    }
  }
}
