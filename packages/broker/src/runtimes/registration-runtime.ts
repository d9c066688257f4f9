import { type BrokerEpoch, errorCode, errorMessage, type Logger } from "@zoolog/base";
import type { BrokerRegistration, CoordinationStore } from "@zoolog/coordination";

export type RegistrationDependencies = {
  /** Made anew each time: its timestamp tells when the broker came back. */
  readonly registration: () => BrokerRegistration;
  readonly store: CoordinationStore;
  readonly logger: Logger;
};

/**
 * Keeps this broker registered: once at the start and again with each new session, as the former
 * registration went with the old one.
 */
export class RegistrationRuntime {
  readonly #dependencies: RegistrationDependencies;
  #stopListening: (() => void) | undefined;
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
    this.#stopListening = this.#dependencies.store.onNewSession(() => this.#register());
    await this.#register();
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
    this.#stopListening?.();
    this.#brokerEpoch = undefined;
    const { store, registration } = this.#dependencies;
    if (store.state === "connected") await store.unregisterBroker(registration().brokerId);
  }

  async #register(): Promise<void> {
    this.#brokerEpoch = undefined;
    const { store, logger } = this.#dependencies;
    const registration = this.#dependencies.registration();
    try {
      this.#brokerEpoch = await store.registerBroker(registration);
      this.#failure = undefined;
      const { brokerEpoch } = this;
      logger.info("broker registered", { brokerEpoch, boot: registration.boot });
    } catch (error) {
      // Another broker took our place while we were away: only an operator can tell who is right.
      if (errorCode(error) === "BROKER_ID_TAKEN") this.#failure = `${errorMessage(error)}.`;
      throw error;
    }
  }
}
