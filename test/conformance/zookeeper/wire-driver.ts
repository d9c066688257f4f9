import { type WireItem, WirePeer, type WireRequest, wireRequests } from "@zoolog/testkit";
import type { Driver } from "./driver.ts";
import { type Observation, observedReply, type SessionNames } from "./observation.ts";
import { ACLS, type Call } from "./step.ts";

export const SHORT_LIFETIME_MS = 2_000;
const LONG_LIFETIME_MS = 10_000;

const WATCH_KINDS = ["data", "exist", "child", "persistent", "recursive"] as const;
type WatchKind = (typeof WATCH_KINDS)[number];
const NO_NODE = -101;
const AUTH_FAILED = -115;

/** A session that says bytes. It keeps the watches it has set, as a client does, to set them again. */
export class WireDriver implements Driver {
  readonly #port: number;
  readonly #names: SessionNames;
  #peer: WirePeer;
  readonly #watches = Object.fromEntries(
    WATCH_KINDS.map((kind) => [kind, new Set<string>()]),
  ) as Record<WatchKind, Set<string>>;
  /** Requests whose replies are not observed yet, by the order of their sending. */
  #sent: { readonly call: Call | undefined; readonly request: WireRequest }[] = [];

  private constructor(port: number, names: SessionNames, peer: WirePeer) {
    this.#port = port;
    this.#names = names;
    this.#peer = peer;
  }

  static async open(
    port: number,
    names: SessionNames,
    lifetime: "short" | undefined,
  ): Promise<WireDriver> {
    const timeoutMs = lifetime === "short" ? SHORT_LIFETIME_MS : LONG_LIFETIME_MS;
    return new WireDriver(port, names, await WirePeer.open({ port, timeoutMs }));
  }

  get sessionId(): string {
    const { sessionId } = this.#peer.handshake;
    return BigInt.asUintN(64, sessionId).toString(16).padStart(16, "0");
  }

  get isConnected(): boolean {
    return !this.#peer.hasEnded;
  }

  async call(calls: readonly Call[]): Promise<Observation> {
    const answers = calls.map((call) => this.#send(wireRequest(call), call));
    await Promise.all(answers);
    return this.#observe();
  }

  async authenticate(scheme: string, credential: string): Promise<Observation> {
    const reply = await this.#peer.addAuth(scheme, credential);
    // A server hangs up on who is refused; sooner or later, so it is waited for.
    if (reply?.error === AUTH_FAILED) await this.#peer.ended;
    return this.#observe();
  }

  async disconnect(): Promise<Observation> {
    this.#peer.drop();
    this.#sent = [];
    return null;
  }

  async reconnect(): Promise<Observation> {
    await this.disconnect();
    const lastZxidSeen = this.#peer.lastZxid;
    this.#peer = await WirePeer.open({
      port: this.#port,
      timeoutMs: LONG_LIFETIME_MS,
      resume: this.#peer.handshake,
      lastZxidSeen,
    });
    const { data, exist, child, persistent, recursive } = this.#watches;
    const paths = { data: [...data], exist: [...exist], child: [...child] };
    const lasting = { persistent: [...persistent], recursive: [...recursive] };
    const isLasting = persistent.size + recursive.size > 0;
    await this.#send(
      isLasting
        ? wireRequests.setWatches2(lastZxidSeen, { ...paths, ...lasting })
        : wireRequests.setWatches(lastZxidSeen, paths),
    );
    return { timeoutMs: this.#peer.handshake.timeoutMs, items: this.#observe() };
  }

  async fence(): Promise<Observation> {
    await this.#send(wireRequests.exists("/"));
    return this.#observe();
  }

  async close(): Promise<Observation> {
    await this.#send(wireRequests.closeSession());
    await this.#peer.ended;
    return this.#observe();
  }

  async abandon(gone: () => Promise<void>): Promise<Observation> {
    this.#peer.drop();
    await gone();
    const late = await WirePeer.open({ port: this.#port, resume: this.#peer.handshake });
    late.drop();
    return { timeoutMs: late.handshake.timeoutMs };
  }

  dispose(): Promise<void> {
    this.#peer.drop();
    return this.#peer.ended;
  }

  async #send(request: WireRequest, call?: Call): Promise<void> {
    this.#sent.push({ call, request });
    await this.#peer.call(request);
  }

  /** What has arrived: events and replies in their order, and whether the connection is gone. */
  #observe(): Observation {
    const items = this.#peer.takeItems().map((item) => this.#observed(item));
    return this.isConnected ? items : [...items, "the connection has ended"];
  }

  #observed(item: WireItem): Observation {
    if (item.kind === "event") {
      this.#forgetWatches(item.event.kind ?? "none", item.event.path ?? "");
      return { event: item.event.kind ?? null, path: item.event.path ?? null };
    }
    const { reply } = item;
    // Answers to credentials are no answers to requests.
    const sent = reply.xid < 0 ? undefined : this.#sent.shift();
    if (sent?.call !== undefined) this.#rememberWatch(sent.call, reply.error);
    return observedReply(sent?.request.opCode ?? 0, reply, this.#names);
  }

  #rememberWatch(call: Call, error: number): void {
    if (call.op === "addWatch" && error === 0) {
      this.#watches[call.mode === 1 ? "recursive" : "persistent"].add(call.path);
    }
    if (call.op === "exists" && call.watch === true && error === NO_NODE) {
      this.#watches.exist.add(call.path);
    }
    if (error !== 0 || !("watch" in call) || call.watch !== true) return;
    const isChild = call.op === "getChildren" || call.op === "getChildren2";
    this.#watches[isChild ? "child" : "data"].add(call.path);
  }

  #forgetWatches(kind: string, path: string): void {
    const cleared: Record<string, readonly WatchKind[]> = {
      created: ["data", "exist"],
      deleted: ["data", "exist", "child"],
      dataChanged: ["data", "exist"],
      childrenChanged: ["child"],
    };
    for (const list of cleared[kind] ?? []) this.#watches[list].delete(path);
  }
}

function wireRequest(call: Call): WireRequest {
  switch (call.op) {
    case "create":
    case "create2":
    case "createContainer":
      return wireRequests[call.op](call.path, {
        ...("data" in call ? { data: call.data } : {}),
        ...(call.flags === undefined ? {} : { flags: call.flags }),
        ...(call.acl === undefined ? {} : { acl: ACLS[call.acl] }),
      });
    case "createTtl":
      return wireRequests.createTtl(call.path, call.ttlMs);
    case "delete":
      return wireRequests.delete(call.path, call.version);
    case "setData":
      return wireRequests.setData(call.path, call.data, call.version);
    case "setAcl":
      return wireRequests.setAcl(call.path, ACLS[call.acl], call.version);
    case "check":
      return wireRequests.check(call.path, call.version);
    case "exists":
    case "getData":
    case "getChildren":
    case "getChildren2":
      return wireRequests[call.op](call.path, call.watch);
    case "getAcl":
    case "sync":
    case "getAllChildrenNumber":
    case "getEphemerals":
      return wireRequests[call.op](call.path);
    case "multi":
    case "multiRead":
      return wireRequests[call.op](...call.parts.map(wireRequest));
    case "addWatch":
      return wireRequests.addWatch(call.path, call.mode);
    case "checkWatches":
    case "removeWatches":
      return wireRequests[call.op](call.path, call.type);
    case "whoAmI":
      return wireRequests.whoAmI();
  }
}
