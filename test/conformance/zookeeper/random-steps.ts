import type { Random } from "@zoolog/base";
import { ACLS, type AclName, type Call, type Step } from "./step.ts";

/** What is there, as the last survey found it: it makes hits likelier than chance would. */
export type KnownZnodes = ReadonlyMap<
  string,
  { readonly version: number; readonly aversion: number }
>;

const WIRE_SESSIONS = ["w0", "w1", "w2"];
const ADAPTER_SESSIONS = ["a0", "a1"];
/** The second adapter session lives below a chroot that others change under its feet. */
const CHROOT = "/a";

/** More znodes than this make a survey slow; then deletions take over. */
const ZNODES_MAX = 200;
const NAMES = ["a", "b", "c", "d", "e"];
const DEPTH_MAX = 3;
const BURST_MAX = 6;
const PARTS_MAX = 5;

/** Names that no znode may have, and places where nobody may write. */
const BAD_PATHS = ["", "a", "/a/", "/a//b", "/a/./b", "/a/..", "/a\u0000b", "/a\u0007", "//"];
const OWN_PATHS = ["/", "/zookeeper", "/zookeeper/quota"];

/** Every step that opens the sessions of a run. */
export function openingSteps(): Step[] {
  return [
    ...WIRE_SESSIONS.map((session) => ({ do: "open", session, kind: "wire" }) as const),
    { do: "open", session: "a0", kind: "adapter" },
    { do: "open", session: "a1", kind: "adapter", chroot: CHROOT },
    { do: "authenticate", session: "w0", scheme: "digest", credential: "alice:secret" },
    { do: "authenticate", session: "a0", scheme: "digest", credential: "alice:secret" },
    { do: "authenticate", session: "w1", scheme: "digest", credential: "bob:other" },
  ];
}

/** Endless random steps, equal for equal seeds and surveys. */
export class RandomSteps {
  readonly #random: Random;
  #known: KnownZnodes = new Map();
  #paths: string[] = [];
  #ephemeralRuns = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  surveyed(known: KnownZnodes): void {
    this.#known = known;
    this.#paths = [...known.keys()].filter((path) => !path.startsWith("/zookeeper"));
  }

  next(): Step {
    return this.#oneOf<Step>([
      [60, () => this.#calls(this.#pick(WIRE_SESSIONS), (s) => this.#wireCall(s), 1)],
      [8, () => this.#calls(this.#pick(WIRE_SESSIONS), (s) => this.#wireCall(s), BURST_MAX)],
      [24, () => this.#calls(this.#pick(ADAPTER_SESSIONS), () => this.#adapterCall(), 1)],
      [4, () => this.#calls(this.#pick(ADAPTER_SESSIONS), () => this.#adapterCall(), BURST_MAX)],
      [3, () => ({ do: "reconnect", session: this.#pick(WIRE_SESSIONS) })],
      [1, () => ({ do: "reconnect", session: this.#pick(ADAPTER_SESSIONS) })],
    ]);
  }

  /** A session of its own that makes ephemerals and ends: closed, or left to expire. */
  shortLife(end: "close" | "expire"): Step[] {
    this.#ephemeralRuns += 1;
    const session = `x${this.#ephemeralRuns}`;
    const kind = this.#random.next() < 0.6 ? "wire" : "adapter";
    const creates = Array.from(
      { length: 1 + this.#below(4) },
      (): Call => ({ op: "create", path: this.#path(), flags: 1 + 2 * this.#below(2) }),
    );
    return [
      { do: "open", session, kind, ...(end === "expire" ? { lifetime: "short" } : {}) },
      { do: "call", session, calls: creates },
      { do: "call", session, calls: [this.#watchingRead(), this.#watchingRead()] },
      { do: end, session },
    ];
  }

  #calls(session: string, call: (session: string) => Call, max: number): Step {
    const count = max === 1 ? 1 : 2 + this.#below(max - 1);
    const calls = Array.from({ length: count }, () => call(session));
    const setAcl = calls.findIndex(({ op }) => op === "setAcl");
    // Apache decides what follows a setAcl on its way by the ACL from before it, or, when it was
    // quick, by the new one (its outstanding change records carry none): nobody can rely on either.
    return { do: "call", session, calls: setAcl < 0 ? calls : calls.slice(0, setAcl + 1) };
  }

  #adapterCall(): Call {
    return this.#oneOf<Call>([
      [30, () => withoutCreate2(this.#write())],
      [30, () => this.#watchingRead()],
      [5, () => ({ op: "getAcl", path: this.#path() })],
      [6, () => this.#setAcl()],
      [10, () => this.#multi(() => this.#writeOrCheck())],
      [2, () => ({ op: "sync", path: "/" })],
    ]);
  }

  #wireCall(_session: string): Call {
    return this.#oneOf<Call>([
      [34, () => this.#write()],
      [26, () => withOneWatchMode(this.#watchingRead())],
      [5, () => ({ op: "getAcl", path: this.#path() })],
      [5, () => this.#setAcl()],
      [10, () => this.#multi(() => this.#writeOrCheck())],
      [3, () => this.#multiRead()],
      [2, () => ({ op: "sync", path: this.#path() })],
      [2, () => ({ op: "getAllChildrenNumber", path: this.#path() })],
      [2, () => ({ op: "getEphemerals", path: this.#path() })],
      [1, () => ({ op: "whoAmI" })],
      [3, () => this.#addWatch()],
      // Not checkWatches: 3.8 says yes when anybody watches. The scripts ask it on lonely paths.
      [3, () => ({ op: "removeWatches", path: this.#path(), type: 1 + this.#below(3) })],
      [1, () => ({ op: "createTtl", path: this.#path(), ttlMs: 1000 })],
      [1, () => ({ op: "getData", path: this.#pick(BAD_PATHS) })],
      [1, () => this.#create(this.#pick(BAD_PATHS))],
      [1, () => ({ op: "delete", path: this.#pick([...BAD_PATHS, ...OWN_PATHS]) })],
    ]);
  }

  #write(): Call {
    const isFull = this.#known.size > ZNODES_MAX;
    return this.#oneOf<Call>([
      [isFull ? 4 : 40, () => this.#create(this.#newPath())],
      [isFull ? 50 : 30, () => this.#delete()],
      [25, () => this.#setData()],
    ]);
  }

  #writeOrCheck(): Call {
    const path = this.#path();
    return this.#random.next() < 0.2
      ? { op: "check", path, version: this.#version(path, "version") }
      : this.#write();
  }

  #create(path: string): Call {
    const isSequential = this.#random.next() < 0.15;
    const isEphemeral = this.#random.next() < 0.25;
    return {
      op: this.#random.next() < 0.5 ? "create" : "create2",
      path: isSequential && this.#random.next() < 0.2 && path !== "/" ? `${path}/` : path,
      flags: (isEphemeral ? 1 : 0) + (isSequential ? 2 : 0),
      data: this.#data(),
      ...(this.#random.next() < 0.9 ? {} : { acl: this.#acl() }),
    };
  }

  #delete(): Call {
    const path = this.#path();
    return { op: "delete", path, version: this.#version(path, "version") };
  }

  #setData(): Call {
    const path = this.#path();
    return { op: "setData", path, data: this.#data(), version: this.#version(path, "version") };
  }

  /** Not of the root: nobody would get past it any more. */
  #setAcl(): Call {
    const known = this.#path();
    const path = known === "/" ? "/b" : known;
    return { op: "setAcl", path, acl: this.#acl(), version: this.#version(path, "aversion") };
  }

  #watchingRead(): Call {
    const op = this.#pick(["exists", "getData", "getChildren", "getChildren2"] as const);
    return { op, path: this.#path(), watch: this.#random.next() < 0.5 };
  }

  #addWatch(): Call {
    const path = this.#path();
    const mode = lastingWatchMode(path);
    return mode === undefined
      ? { op: "getData", path, watch: true }
      : { op: "addWatch", path, mode };
  }

  #multi(part: () => Call): Call {
    // One part that fails is enough for all: most parts are what hardly fails.
    const likely = (): Call =>
      this.#oneOf<Call>([
        [3, () => ({ op: "create", path: `/${this.#pick(NAMES)}`, flags: 2 + this.#below(2) })],
        [2, () => ({ op: "setData", path: this.#pick(["/", ...this.#paths]), data: this.#data() })],
        [1, () => ({ op: "check", path: "/", version: -1 })],
      ]);
    const any = (): Call => (this.#random.next() < 0.7 ? likely() : withoutCreate2(part()));
    return { op: "multi", parts: Array.from({ length: this.#below(PARTS_MAX + 1) }, any) };
  }

  #multiRead(): Call {
    const read = (): Call => ({
      op: this.#pick(["getData", "getChildren"] as const),
      path: this.#path(),
    });
    return { op: "multiRead", parts: Array.from({ length: this.#below(PARTS_MAX) }, read) };
  }

  #path(): string {
    const isKnown = this.#paths.length > 0 && this.#random.next() < 0.75;
    if (isKnown) return this.#pick(this.#paths);
    if (this.#random.next() < 0.03) return this.#pick(OWN_PATHS);
    const depth = 1 + this.#below(DEPTH_MAX);
    return `/${Array.from({ length: depth }, () => this.#pick(NAMES)).join("/")}`;
  }

  /** Below something that is there, more often than not. */
  #newPath(): string {
    const parent = this.#path();
    if (this.#random.next() < 0.4 || parent.split("/").length > DEPTH_MAX + 1) return parent;
    return parent === "/" ? `/${this.#pick(NAMES)}` : `${parent}/${this.#pick(NAMES)}`;
  }

  #version(path: string, which: "version" | "aversion"): number {
    const chance = this.#random.next();
    if (chance < 0.6) return -1;
    return chance < 0.9 ? (this.#known.get(path)?.[which] ?? 0) : this.#below(3);
  }

  #data(): string | undefined {
    return this.#pick(["", "x", "data", "ünï", "z".repeat(2_000), undefined]);
  }

  #acl(): AclName {
    return this.#random.next() < 0.4 ? "open" : this.#pick(Object.keys(ACLS) as AclName[]);
  }

  #pick<T>(things: readonly T[]): T {
    return things[this.#below(things.length)]!;
  }

  #below(end: number): number {
    return Math.floor(this.#random.next() * end);
  }

  #oneOf<T>(choices: readonly (readonly [weight: number, make: () => T])[]): T {
    const total = choices.reduce((sum, [weight]) => sum + weight, 0);
    let at = this.#random.next() * total;
    for (const [weight, make] of choices) {
      at -= weight;
      if (at < 0) return make();
    }
    return choices[0]![1]();
  }
}

/**
 * Some paths are watched by lasting watches of one mode only, the others by one-shot watches only:
 * of several modes by one session on one path 3.8 keeps the last, later versions and the embedded
 * server keep all (ZOOKEEPER-4466).
 */
function lastingWatchMode(path: string): number | undefined {
  const kind = [...path].reduce((sum, character) => sum + character.charCodeAt(0), 0) % 6;
  return kind < 2 ? kind : undefined;
}

function withOneWatchMode(read: Call): Call {
  const isOneShot = "watch" in read && lastingWatchMode(read.path) === undefined;
  return "watch" in read && !isOneShot ? { ...read, watch: false } : read;
}

/** A multi answers with `create2` only who asked so; the adapter knows only `create`. */
function withoutCreate2(call: Call): Call {
  return call.op === "create2" ? { ...call, op: "create" } : call;
}
