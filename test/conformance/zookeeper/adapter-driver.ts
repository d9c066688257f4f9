import { TcpProxy } from "@zoolog/testkit";
import {
  type AclEntry,
  type CreateMode,
  connectZooKeeper,
  type Operation,
  type OperationResult,
  type WatchEvent,
  type ZooKeeperClient,
  ZooKeeperError,
} from "@zoolog/zookeeper";
import { DEPENDENCIES, stateOf, WAIT_MS_MAX } from "./adapter-fixture.ts";
import type { Driver } from "./driver.ts";
import { bytes, type Observation, observedStat, type SessionNames } from "./observation.ts";
import { ACLS, type AclName, type Call, type CreateCall } from "./step.ts";
import { SHORT_LIFETIME_MS } from "./wire-driver.ts";

const LONG_LIFETIME_MS = 10_000;
const MODES: readonly CreateMode[] = [
  "persistent",
  "ephemeral",
  "persistentSequential",
  "ephemeralSequential",
];

/** A session through the adapter, on a way that can be cut. */
export class AdapterDriver implements Driver {
  readonly #client: ZooKeeperClient;
  readonly #way: TcpProxy;
  readonly #names: SessionNames;
  #events: Observation[] = [];
  #watches = 0;

  private constructor(client: ZooKeeperClient, way: TcpProxy, names: SessionNames) {
    this.#client = client;
    this.#way = way;
    this.#names = names;
  }

  static async open(
    port: number,
    names: SessionNames,
    options: { readonly lifetime?: "short"; readonly chroot?: string },
  ): Promise<AdapterDriver> {
    const way = await TcpProxy.open(port);
    const client = await connectZooKeeper(
      {
        connectString: `${way.address}${options.chroot ?? ""}`,
        sessionTimeoutMs: options.lifetime === "short" ? SHORT_LIFETIME_MS : LONG_LIFETIME_MS,
        connectTimeoutMs: WAIT_MS_MAX,
      },
      DEPENDENCIES,
    );
    return new AdapterDriver(client, way, names);
  }

  get sessionId(): string {
    return this.#client.sessionId ?? "";
  }

  get isConnected(): boolean {
    return this.#client.state === "connected";
  }

  async call(calls: readonly Call[]): Promise<Observation> {
    const answers = await Promise.all(calls.map((call) => settled(this.#answer(call))));
    return this.#observe(answers);
  }

  async authenticate(scheme: string, credential: string): Promise<Observation> {
    const answer = this.#client.addAuth(scheme, Buffer.from(credential)).then(() => null);
    return this.#observe(await settled(answer));
  }

  async disconnect(): Promise<Observation> {
    this.#way.cut();
    await stateOf(this.#client, "suspended");
    return null;
  }

  async reconnect(): Promise<Observation> {
    if (this.isConnected) {
      // What was on its way comes first, whichever server was quicker to send it.
      await this.#client.exists("/").catch(() => undefined);
      await this.disconnect();
    }
    this.#way.heal();
    await stateOf(this.#client, "connected");
    return this.fence();
  }

  async fence(): Promise<Observation> {
    return this.#observe(await settled(this.#client.exists("/").then(() => null)));
  }

  async close(): Promise<Observation> {
    await this.#client.close();
    await this.#way.close();
    return this.#observe(this.#client.state);
  }

  async abandon(gone: () => Promise<void>): Promise<Observation> {
    this.#way.cut();
    await gone();
    this.#way.heal();
    await stateOf(this.#client, "expired");
    await this.#way.close();
    return this.#observe(this.#client.state);
  }

  async dispose(): Promise<void> {
    await this.#client.close();
    await this.#way.close();
  }

  #observe(answers: Observation): Observation {
    const events = this.#events;
    this.#events = [];
    return { events, answers };
  }

  /** A watch with a number: that each is called at most once shows in the observations. */
  #watch(wanted: boolean | undefined): ((event: WatchEvent) => void) | undefined {
    if (wanted !== true) return undefined;
    this.#watches += 1;
    const watch = this.#watches;
    return ({ kind, path }) => this.#events.push({ watch, event: kind, path });
  }

  async #answer(call: Call): Promise<Observation> {
    const client = this.#client;
    switch (call.op) {
      case "create":
        return client.create(call.path, data(call.data), createOptions(call));
      case "delete":
        return client.remove(call.path, version(call.version)).then(() => null);
      case "setData":
        return this.#stat(client.setData(call.path, data(call.data), version(call.version)));
      case "setAcl":
        return this.#stat(client.setAcl(call.path, aclOf(call.acl), version(call.version)));
      case "exists": {
        const stat = await client.exists(call.path, this.#watch(call.watch));
        return stat === undefined ? null : observedStat(stat, this.#names);
      }
      case "getData": {
        const znode = await client.getData(call.path, this.#watch(call.watch));
        return { data: bytes(znode.data), stat: observedStat(znode.stat, this.#names) };
      }
      case "getChildren":
      case "getChildren2": {
        const { names, stat } = await client.getChildren(call.path, this.#watch(call.watch));
        return { names, stat: observedStat(stat, this.#names) };
      }
      case "getAcl": {
        const { acl, stat } = await client.getAcl(call.path);
        const entries = acl.map(({ permissions, scheme, id }) => `${permissions} ${scheme}:${id}`);
        return { acl: entries.sort(), stat: observedStat(stat, this.#names) };
      }
      case "multi": {
        const results = await client.multi(call.parts.map(operation));
        return results.map((result) => this.#result(result));
      }
      case "sync":
        // The adapter's own way to be up to date.
        return client.barrier().then(() => null);
      case "addWatch":
      case "check":
      case "checkWatches":
      case "create2":
      case "createContainer":
      case "createTtl":
      case "getAllChildrenNumber":
      case "getEphemerals":
      case "multiRead":
      case "removeWatches":
      case "whoAmI":
        throw new Error(`the adapter has no ${call.op}`);
    }
  }

  async #stat(answer: Promise<Parameters<typeof observedStat>[0]>): Promise<Observation> {
    return observedStat(await answer, this.#names);
  }

  #result(result: OperationResult): Observation {
    switch (result.type) {
      case "create":
        return result.path;
      case "setData":
        return observedStat(result.stat, this.#names);
      case "remove":
      case "check":
        return result.type;
    }
  }
}

async function settled(answer: Promise<Observation>): Promise<Observation> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof ZooKeeperError)) throw error;
    const { code, wireCode = null, operationIndex = null, path = null } = error;
    return { code, wireCode, operationIndex, path };
  }
}

function operation(call: Call): Operation {
  if (call.op === "create") {
    return { type: "create", path: call.path, data: data(call.data), ...createOptions(call) };
  }
  if (call.op === "setData") {
    return { type: "setData", path: call.path, data: data(call.data), ...versioned(call) };
  }
  if (call.op === "delete") return { type: "remove", path: call.path, ...versioned(call) };
  if (call.op === "check") return { type: "check", path: call.path, ...versioned(call) };
  throw new Error(`${call.op} is no part of an adapter's multi`);
}

function createOptions(call: CreateCall) {
  const mode = MODES[call.flags ?? 0] ?? "persistent";
  return { mode, ...(call.acl === undefined ? {} : { acl: aclOf(call.acl) }) };
}

function versioned(call: { readonly version?: number }): { version?: number } {
  const known = version(call.version);
  return known === undefined ? {} : { version: known };
}

/** Steps say −1 for any version, as the wire does. */
function version(given: number | undefined): number | undefined {
  return given === -1 ? undefined : given;
}

function data(text: string | undefined): Uint8Array {
  return Buffer.from(text ?? "");
}

function aclOf(name: AclName): AclEntry[] {
  return ACLS[name].map(([permissions, scheme, id]) => ({ permissions, scheme, id }));
}
