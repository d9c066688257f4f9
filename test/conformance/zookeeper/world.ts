import { WirePeer, wireRequests } from "@zoolog/testkit";
import { AdapterDriver } from "./adapter-driver.ts";
import { eventually } from "./adapter-fixture.ts";
import type { RunningBackend } from "./backends.ts";
import type { Driver } from "./driver.ts";
import { isZxid, type Observation, observedReply } from "./observation.ts";
import type { Step } from "./step.ts";
import { WireDriver } from "./wire-driver.ts";

const NO_NODE = -101;

/** One server, and the sessions that steps opened with it. */
export class World {
  readonly #server: RunningBackend;
  readonly #drivers = new Map<string, Driver>();
  readonly #names = new Map<string, string>();

  constructor(server: RunningBackend) {
    this.#server = server;
  }

  async perform(step: Step): Promise<Observation> {
    switch (step.do) {
      case "open":
        return this.#open(step);
      case "close":
        return this.#ending(step.session, (driver) => driver.close());
      case "expire": {
        const marker = `/expires-${step.session}`;
        const flags = 1;
        await this.#driver(step.session).call([{ op: "create", path: marker, flags }]);
        const gone = (): Promise<void> => this.#untilGone(marker);
        return this.#ending(step.session, (driver) => driver.abandon(gone));
      }
      case "disconnect":
        return this.#driver(step.session).disconnect();
      case "reconnect":
        return this.#driver(step.session).reconnect();
      case "authenticate":
        return this.#driver(step.session).authenticate(step.scheme, step.credential);
      case "call":
        return this.#driver(step.session).call(step.calls);
    }
  }

  /** Waits for what is on its way to every session. */
  async settle(): Promise<Observation> {
    const seen: Record<string, Observation> = {};
    for (const [session, driver] of this.#drivers) {
      if (driver.isConnected) seen[session] = await driver.fence();
    }
    return seen;
  }

  /** The whole tree, as somebody with `alice`'s password sees it. */
  async tree(): Promise<Observation> {
    const peer = await WirePeer.open({ port: this.#server.port });
    await peer.addAuth("digest", "alice:secret");
    const seen: Record<string, Observation> = {};
    const paths = ["/"];
    for (const path of paths) {
      const requests = [
        wireRequests.getData(path),
        wireRequests.getAcl(path),
        wireRequests.getChildren2(path),
      ];
      const replies = await Promise.all(requests.map((request) => peer.call(request)));
      const observed = replies.map((reply, i) =>
        reply === undefined
          ? null
          : withoutMoment(observedReply(requests[i]!.opCode, reply, this.#name)),
      );
      seen[path] = observed;
      for (const name of childrenIn(observed[2])) {
        const child = path === "/" ? `/${name}` : `${path}/${name}`;
        // What a server says about itself.
        if (child !== "/zookeeper/config") paths.push(child);
      }
    }
    await peer.call(wireRequests.closeSession());
    return seen;
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.#drivers.values()].map((driver) => driver.dispose()));
    this.#drivers.clear();
  }

  async #open(step: Extract<Step, { do: "open" }>): Promise<Observation> {
    const { port } = this.#server;
    const driver =
      step.kind === "wire"
        ? await WireDriver.open(port, this.#name, step.lifetime)
        : await AdapterDriver.open(port, this.#name, step);
    this.#drivers.set(step.session, driver);
    this.#names.set(driver.sessionId, step.session);
    return null;
  }

  /**
   * The end of a session deletes all its ephemerals in one transaction, in no order that anybody
   * promised: what the others see of it is sorted.
   */
  async #ending(
    session: string,
    end: (driver: Driver) => Promise<Observation>,
  ): Promise<Observation> {
    const before = await this.settle();
    const driver = this.#driver(session);
    this.#drivers.delete(session);
    const ended = await end(driver);
    await driver.dispose();
    return { before, ended, after: sorted(await this.settle()) };
  }

  async #untilGone(path: string): Promise<void> {
    const peer = await WirePeer.open({ port: this.#server.port });
    await eventually(`the end of the session of ${path}`, async () => {
      const reply = await peer.call(wireRequests.exists(path));
      return reply?.error === NO_NODE ? true : undefined;
    });
    await peer.call(wireRequests.closeSession());
  }

  #driver(session: string): Driver {
    const driver = this.#drivers.get(session);
    if (driver === undefined) throw new Error(`there is no session ${session}`);
    return driver;
  }

  readonly #name = (sessionId: string): string => this.#names.get(sessionId) ?? "somebody";
}

/** Replies of the tree's reader come at a moment of no meaning. */
function withoutMoment(observation: Observation): Observation {
  return { ...(observation as Record<string, Observation>), at: null };
}

function childrenIn(observation: Observation | undefined): readonly string[] {
  const { body } = (observation ?? {}) as { body?: { names?: readonly string[] } | null };
  return body?.names ?? [];
}

function sorted(observation: Observation): Observation {
  if (Array.isArray(observation)) {
    return [...observation].sort((a, b) => sortKey(a).localeCompare(sortKey(b)));
  }
  if (typeof observation !== "object" || observation === null || isZxid(observation)) {
    return observation;
  }
  return Object.fromEntries(
    Object.entries(observation).map(([field, value]) => [field, sorted(value)]),
  );
}

/** Without numbers that differ between servers. */
function sortKey(observation: Observation): string {
  return JSON.stringify(observation, (field, value) => (field === "zxid" ? 0 : value));
}
