import {
  type BrokerId,
  type Clock,
  type ControllerEpoch,
  controllerEpoch,
  errorCode,
  type Logger,
} from "@zoolog/base";
import type { Znode, ZooKeeperClient } from "@zoolog/zookeeper";
import { readControllerEpochFloor } from "../cluster/cluster-reader.ts";
import {
  controllerFenced,
  excerpt,
  isConnectionFault,
  isSessionEnd,
  malformed,
} from "../errors.ts";
import { ifThere } from "../existing.ts";
import { FencedMulti } from "../fenced-multi.ts";
import { CONTROLLER_EPOCH_PATH, CONTROLLER_PATH } from "../paths.ts";
import type { CurrentController, Election } from "../port/coordination-store.ts";
import type { CoordinationSession } from "../session.ts";
import {
  decodeController,
  decodeControllerEpoch,
  encodeController,
  encodeControllerEpoch,
} from "../znodes/controller-znodes.ts";
import { FencedWriter } from "./fenced-writer.ts";

/**
 * Elections: `/controller` and a raised `/controller_epoch` in one multi, so nobody is controller
 * without an epoch of its own, and no epoch is given twice.
 */
export class ControllerElection {
  readonly #session: CoordinationSession;
  readonly #clock: Clock;
  readonly #logger: Logger;

  constructor(dependencies: {
    readonly session: CoordinationSession;
    readonly clock: Clock;
    readonly logger: Logger;
  }) {
    this.#session = dependencies.session;
    this.#clock = dependencies.clock;
    this.#logger = dependencies.logger;
  }

  /**
   * One race. After a lost connection it finds out in the same session whether it has won; should
   * that session end meanwhile, so does whatever it had won, and it races again in the next one.
   */
  async elect(brokerId: BrokerId, deposing?: CurrentController): Promise<Election> {
    for (;;) {
      const client = await this.#session.client();
      try {
        const election = await this.#race(client, brokerId, deposing);
        if (election !== undefined) return election;
      } catch (error) {
        if (!isConnectionFault(error) && !isSessionEnd(error)) throw error;
        if (client.state === "connected") await this.#session.pause();
      }
    }
  }

  async current(): Promise<CurrentController | undefined> {
    return this.#session.read(async (client) => {
      const seat = await ifThere(client.getData(CONTROLLER_PATH));
      if (seat === undefined) return undefined;
      const epoch = await ifThere(client.getData(CONTROLLER_EPOCH_PATH));
      if (epoch === undefined) return undefined;
      return {
        brokerId: decodeController(seat.data),
        controllerEpoch: await this.#epochIn(epoch),
      };
    });
  }

  /**
   * `undefined`: the ground moved, look again. Who is deposed is of the reign that is meant: a later
   * one would have raised the epoch, whose version the multi compares. It is away for no moment, so
   * that nobody else has to be told of it first.
   */
  async #race(
    client: ZooKeeperClient,
    brokerId: BrokerId,
    deposing: CurrentController | undefined,
  ): Promise<Election | undefined> {
    const [epoch, seat] = await Promise.all([
      this.#readEpoch(client),
      client.exists(CONTROLLER_PATH),
    ]);
    const isTaken = seat !== undefined;
    if (isTaken && deposing?.controllerEpoch !== epoch.value) return await this.#seated(client);

    const next = controllerEpoch(epoch.value + 1);
    try {
      await client.multi([
        ...(isTaken ? [{ type: "remove", path: CONTROLLER_PATH } as const] : []),
        {
          type: "create",
          path: CONTROLLER_PATH,
          data: encodeController(brokerId, this.#clock.now()),
          mode: "ephemeral",
        },
        {
          type: "setData",
          path: CONTROLLER_EPOCH_PATH,
          data: encodeControllerEpoch(next),
          version: epoch.version,
        },
      ]);
    } catch (error) {
      const code = errorCode(error);
      const lost = code === "NODE_EXISTS" || code === "BAD_VERSION" || code === "NO_NODE";
      if (!lost && !isConnectionFault(error)) throw error;
      return await this.#seated(client);
    }
    if (isTaken) {
      // Not by the names of the broker that says so: its logger has those.
      const { brokerId: deposed, controllerEpoch: deposedEpoch } = deposing ?? {};
      this.#logger.warn("controller deposed", { deposed, deposedEpoch });
    }
    return this.#elected(client, { value: next, version: epoch.version + 1 });
  }

  /**
   * Who won. It is us if `/controller` is of our session: then the epoch was raised with it, and a
   * reply was lost. Read after a barrier, so that nothing of ours can still be on its way.
   */
  async #seated(client: ZooKeeperClient): Promise<Election | undefined> {
    if (!(await this.#session.recovered(client))) return undefined;
    await client.barrier();
    // Before the seat: who finds itself there has not been deposed since, so the epoch is its own.
    const epoch = await this.#readEpoch(client);
    const seat = await ifThere(client.getData(CONTROLLER_PATH));
    if (seat === undefined) return undefined;
    if (seat.stat.ephemeralOwner === client.sessionId && client.sessionId !== undefined) {
      return this.#elected(client, epoch);
    }
    const { value } = await this.#readEpoch(client);
    const winner = { brokerId: decodeController(seat.data), controllerEpoch: value };
    return { outcome: "lost", controller: winner };
  }

  #elected(client: ZooKeeperClient, epoch: VersionedEpoch): Election {
    this.#logger.info("controller elected", { controllerEpoch: epoch.value });
    const fence = {
      path: CONTROLLER_EPOCH_PATH,
      version: epoch.version,
      overtaken: "a later controller was elected",
      fenced: controllerFenced,
    };
    const multi = new FencedMulti({ client, fence }, this.#session);
    const writer = new FencedWriter(
      { controllerEpoch: epoch.value },
      { multi, clock: this.#clock, logger: this.#logger },
    );
    return { outcome: "elected", writer };
  }

  async #readEpoch(client: ZooKeeperClient): Promise<VersionedEpoch> {
    for (;;) {
      const znode = await ifThere(client.getData(CONTROLLER_EPOCH_PATH));
      if (znode !== undefined) {
        return { value: await this.#epochIn(znode), version: znode.stat.version };
      }
      await this.#createEpoch(client);
    }
  }

  /**
   * Whoever mends the znode must not go back behind an epoch that was in use. Each election raises
   * the version together with the epoch, so what it began with, which is no more than the floor
   * now, plus the version is always enough.
   *
   * @throws ZoologError `ZNODE_MALFORMED` saying what to write.
   */
  async #epochIn({ data, stat }: Znode): Promise<ControllerEpoch> {
    const epoch = decodeControllerEpoch(data);
    if (epoch !== undefined) return epoch;
    const floor = await readControllerEpochFloor(this.#session);
    const enough = floor + stat.version;
    throw malformed(
      CONTROLLER_EPOCH_PATH,
      `${excerpt(data)} is not an epoch, so no controller can be elected`,
      `Write a number from ${enough} on (zkCli: set ${CONTROLLER_EPOCH_PATH} ${enough}); brokers go on by themselves.`,
    );
  }

  /**
   * In a new cluster the epoch begins at 0. Where somebody removed the znode it goes on above every
   * epoch in use: one that began again would let deposed controllers in.
   */
  async #createEpoch(client: ZooKeeperClient): Promise<void> {
    const floor = await readControllerEpochFloor(this.#session);
    try {
      await client.create(CONTROLLER_EPOCH_PATH, encodeControllerEpoch(floor));
    } catch (error) {
      if (errorCode(error) !== "NODE_EXISTS") throw error;
    }
  }
}

type VersionedEpoch = { readonly value: ControllerEpoch; readonly version: number };
