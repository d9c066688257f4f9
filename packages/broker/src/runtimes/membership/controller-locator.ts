import {
  type AbortSignalLike,
  type BrokerEpoch,
  type BrokerId,
  deferred,
  errorMessage,
  type Logger,
  type Scheduler,
  sleep,
} from "@zoolog/base";
import type { CoordinationStore, CurrentController } from "@zoolog/coordination";
import { type HttpAddress, httpAddressOf, urlOf } from "../../broker-address.ts";

/** Who reigns, in which of its lives, and where its native plane listens. */
export type ControllerLocation = CurrentController & {
  readonly brokerEpoch: BrokerEpoch;
  /** `http://host:port` */
  readonly endpoint: string;
  readonly address: HttpAddress;
};

export type ControllerLocatorDependencies = {
  readonly store: Pick<CoordinationStore, "readBrokers">;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  /** Has who reigns read again in ZooKeeper; what was found comes by `found`. */
  readonly lookAgain: () => void;
};

/** While ZooKeeper says who reigns but not where it listens: it is about to register. */
const ENDPOINT_AGAIN_MS = 100;

/**
 * Knows who the controller is: `ControllerRuntime` tells what it read in ZooKeeper, this adds where
 * that broker listens. With ZooKeeper away it stays with what was known: who reigns then goes on.
 */
export class ControllerLocator {
  readonly #brokerId: BrokerId;
  readonly #dependencies: ControllerLocatorDependencies;
  readonly #listeners = new Set<() => void>();
  #incumbent: CurrentController | undefined;
  /** Of one reign: who listens elsewhere later has been registered, and elected, anew. */
  #location: ControllerLocation | undefined;

  constructor(
    options: { readonly brokerId: BrokerId },
    dependencies: ControllerLocatorDependencies,
  ) {
    this.#brokerId = options.brokerId;
    this.#dependencies = dependencies;
  }

  /** The controller as far as this broker knows; it may be this broker. */
  get incumbent(): CurrentController | undefined {
    return this.#incumbent;
  }

  /** Where the controller is, when it is another broker and that is known already. */
  get location(): ControllerLocation | undefined {
    return this.#location;
  }

  /** What ZooKeeper says, or has said last. */
  found(incumbent: CurrentController | undefined): void {
    const known = this.#incumbent;
    if (
      known?.controllerEpoch === incumbent?.controllerEpoch &&
      known?.brokerId === incumbent?.brokerId
    ) {
      return;
    }
    this.#incumbent = incumbent;
    this.#location = undefined;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Called after each change of who reigns. */
  onChange(listener: () => void): () => void {
    const entry = (): void => listener();
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }

  lookAgain(): void {
    this.#dependencies.lookAgain();
  }

  /** The controller elsewhere; waits for one while there is none. `undefined` once aborted. */
  async remote(signal: AbortSignalLike): Promise<ControllerLocation | undefined> {
    while (!signal.aborted) {
      const incumbent = this.#incumbent;
      if (incumbent === undefined || incumbent.brokerId === this.#brokerId) {
        await this.#changed(signal);
        continue;
      }
      const location = this.#location ?? (await this.#locate(incumbent));
      if (this.#incumbent !== incumbent) continue;
      this.#location = location;
      if (location !== undefined) return location;
      await sleep(this.#dependencies.scheduler, ENDPOINT_AGAIN_MS, signal).catch(() => {});
    }
    return undefined;
  }

  async #locate(incumbent: CurrentController): Promise<ControllerLocation | undefined> {
    try {
      const { value } = await this.#dependencies.store.readBrokers();
      const broker = value.find(({ brokerId }) => brokerId === incumbent.brokerId);
      const address = broker === undefined ? undefined : httpAddressOf(broker.endpoints);
      if (broker === undefined || address === undefined) return undefined;
      const { brokerEpoch } = broker;
      return { ...incumbent, brokerEpoch, address, endpoint: urlOf(address) };
    } catch (error) {
      this.#dependencies.logger.debug("controller not located", { error: errorMessage(error) });
      return undefined;
    }
  }

  #changed(signal: AbortSignalLike): Promise<void> {
    const change = deferred<void>();
    const done = (): void => change.resolve();
    const stop = this.onChange(done);
    signal.addEventListener("abort", done, { once: true });
    return change.promise.finally(() => {
      stop();
      signal.removeEventListener("abort", done);
    });
  }
}
