import {
  type BrokerEpoch,
  type BrokerId,
  brokerEpoch,
  type Clock,
  errorCode,
  type Logger,
  type Scheduler,
  ZoologError,
} from "@zoolog/base";
import type { Operation, Znode, ZooKeeperClient } from "@zoolog/zookeeper";
import {
  brokerIdTaken,
  dataFolderCopied,
  isConnectionFault,
  isSessionEnd,
  registrationUnreadable,
} from "../errors.ts";
import { ifThere } from "../existing.ts";
import { brokerPath, CONTROLLER_PATH } from "../paths.ts";
import type { BrokerRegistration, RegisteredBroker } from "../port/broker-registration.ts";
import type { CoordinationSession } from "../session.ts";
import { brokerAddress, decodeBroker, encodeBroker } from "../znodes/broker-znode.ts";
import { checkFolder } from "./broker-folder.ts";

/** How long another broker under our id is waited for, in session timeouts: it may just be dying. */
const PATIENCE_SESSION_TIMEOUTS = 2;
/** A watch tells when it goes; this is for a watch that was lost. */
const LOOK_AGAIN_MS = 1_000;

/**
 * Puts this broker into `/brokers/ids`, for the present session.
 *
 * | what stands there | then |
 * | --- | --- |
 * | nothing | create; read back who owns it |
 * | ours, of this session | done: a reply was lost |
 * | ours by incarnation and folder, of another session | an earlier life: replaced, with its controllership, in one multi |
 * | of our incarnation, another folder | a copy of our data, or moved data: waited for like another broker |
 * | another broker's, or unreadable | wait up to twice the session timeout, then refuse |
 *
 * The lock on the data folder is what makes an earlier life of the same folder a dead one. The folder
 * that the broker runs on is remembered in the same multi (`checkFolder`).
 */
export class BrokerRegistrar {
  readonly #session: CoordinationSession;
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #logger: Logger;
  #registeredBefore = false;

  constructor(dependencies: {
    readonly session: CoordinationSession;
    readonly clock: Clock;
    readonly scheduler: Scheduler;
    readonly logger: Logger;
  }) {
    this.#session = dependencies.session;
    this.#clock = dependencies.clock;
    this.#scheduler = dependencies.scheduler;
    this.#logger = dependencies.logger;
  }

  async register(registration: BrokerRegistration): Promise<BrokerEpoch> {
    // This process has lost nothing since it registered first: only its session ended.
    const boot = this.#registeredBefore ? "clean" : registration.boot;
    const attempt = new Attempt({ ...registration, boot }, this.#clock.monotonic());
    for (;;) {
      const client = await this.#session.client();
      try {
        const epoch = await this.#step(client, attempt);
        if (epoch !== undefined) {
          this.#registeredBefore = true;
          this.#logger.info("broker registered", {
            brokerEpoch: epoch,
            boot: attempt.registration.boot,
            isOutdated: attempt.isOutdated,
          });
          return epoch;
        }
      } catch (error) {
        if (!isConnectionFault(error) && !isSessionEnd(error)) throw error;
        // Whatever became of it, the next look sees it.
        if (client.state === "connected") await this.#session.pause();
      }
    }
  }

  async unregister(brokerId: BrokerId): Promise<void> {
    await this.#session.read(async (client) => {
      const stat = await client.exists(brokerPath(brokerId));
      if (stat === undefined || stat.ephemeralOwner !== client.sessionId) return;
      await ifThere(client.remove(brokerPath(brokerId)));
    });
  }

  /** One look and what follows from it; the broker epoch once we are in. */
  async #step(client: ZooKeeperClient, attempt: Attempt): Promise<BrokerEpoch | undefined> {
    const { path } = attempt;
    const znode = await ifThere(client.getData(path));
    if (znode === undefined) {
      await this.#enter(client, attempt, []);
      return undefined;
    }
    if (znode.stat.ephemeralOwner === client.sessionId && client.sessionId !== undefined) {
      if (attempt.isOurs(znode)) return brokerEpoch(znode.stat.czxid);
    } else if (!attempt.isEarlierLife(znode)) {
      await this.#waitForOther(client, attempt, znode);
      return undefined;
    }
    this.#logger.info("earlier registration of this broker replaced", {
      brokerEpoch: znode.stat.czxid,
    });
    await this.#enter(client, attempt, [
      { type: "remove", path, version: znode.stat.version },
      ...(await controllershipOf(client, znode.stat.ephemeralOwner)),
    ]);
    return undefined;
  }

  /** Success or not, the next look decides: it also reads the epoch and who owns it. */
  async #enter(
    client: ZooKeeperClient,
    attempt: Attempt,
    making: readonly Operation[],
  ): Promise<void> {
    const folder = await checkFolder(client, attempt.registration, this.#logger);
    if (folder.isOutdated) await attempt.becomeOutdated();
    const { path, data } = attempt;
    try {
      await client.multi([
        ...making,
        ...folder.write,
        { type: "create", path, data, mode: "ephemeral" },
      ]);
    } catch (error) {
      const code = errorCode(error);
      const overtaken = code === "NODE_EXISTS" || code === "NO_NODE" || code === "BAD_VERSION";
      if (!overtaken) throw error;
    }
  }

  async #waitForOther(client: ZooKeeperClient, attempt: Attempt, znode: Znode): Promise<void> {
    const patienceMs = PATIENCE_SESSION_TIMEOUTS * client.sessionTimeoutMs;
    const waitedMs = this.#clock.monotonic() - attempt.since;
    if (waitedMs >= patienceMs) throw attempt.taken(znode);
    if (!attempt.hasWaited) {
      attempt.hasWaited = true;
      const { message } = attempt.taken(znode);
      this.#logger.warn("broker id is taken, waiting", { patienceMs, reason: message });
    }
    const waitMs = Math.min(LOOK_AGAIN_MS, patienceMs - waitedMs);
    await new Promise<void>((resolve, reject) => {
      const timer = this.#scheduler.after(waitMs, resolve);
      const changed = (): void => {
        timer.cancel();
        resolve();
      };
      client.exists(attempt.path, changed).catch((error: unknown) => {
        timer.cancel();
        reject(error);
      });
    });
  }
}

/** The controllership of an earlier life goes with it: nobody has to wait for its session to end. */
async function controllershipOf(
  client: ZooKeeperClient,
  owner: string | undefined,
): Promise<Operation[]> {
  const stat = await client.exists(CONTROLLER_PATH);
  if (owner === undefined || stat?.ephemeralOwner !== owner) return [];
  return [{ type: "remove", path: CONTROLLER_PATH, version: stat.version }];
}

/** One call of `register`, over all its looks. */
class Attempt {
  readonly path: string;
  isOutdated = false;
  #registration: BrokerRegistration;
  #data: Uint8Array;
  /** By the monotonic clock. */
  readonly since: number;
  hasWaited = false;

  constructor(registration: BrokerRegistration, since: number) {
    this.#registration = registration;
    this.path = brokerPath(registration.brokerId);
    this.#data = encodeBroker(registration);
    this.since = since;
  }

  get registration(): BrokerRegistration {
    return this.#registration;
  }

  get data(): Uint8Array {
    return this.#data;
  }

  /** From here on it says so itself: after a lost reply ZooKeeper remembers the present folder. */
  async becomeOutdated(): Promise<void> {
    if (this.isOutdated) return;
    this.isOutdated = true;
    const losses = await this.#registration.origin?.onOutdated();
    this.#registration = { ...this.#registration, losses };
    this.#data = encodeBroker(this.#registration);
  }

  isOurs(znode: Znode): boolean {
    return Buffer.compare(znode.data, this.data) === 0;
  }

  isEarlierLife(znode: Znode): boolean {
    const other = this.#parse(znode);
    if (other instanceof ZoologError) return false;
    const { incarnation, folder, bootId } = this.registration;
    const sameFolder = folder !== undefined && other.folder === folder && other.bootId === bootId;
    return sameFolder && other.incarnation === incarnation;
  }

  taken(znode: Znode): ZoologError {
    const { brokerId, incarnation } = this.registration;
    const other = this.#parse(znode);
    if (other instanceof ZoologError) return registrationUnreadable(brokerId, other);
    const taken = { brokerId, address: brokerAddress(other), incarnation: other.incarnation };
    return other.incarnation === incarnation ? dataFolderCopied(taken) : brokerIdTaken(taken);
  }

  #parse(znode: Znode): RegisteredBroker | ZoologError {
    try {
      return decodeBroker(this.registration.brokerId, znode.data, znode.stat.czxid);
    } catch (error) {
      if (error instanceof ZoologError) return error;
      throw error;
    }
  }
}
