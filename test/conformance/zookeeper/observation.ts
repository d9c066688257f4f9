/**
 * What a client saw, as plain data that two servers can be compared by. Zxids stay recognisable
 * (their order is compared, not their numbers), sessions have the names a test gave them, times are
 * left out, and what a server keeps in a hash set is sorted.
 */
import { readWireStat, type WireReader, type WireReply, type WireStat } from "@zoolog/testkit";
import type { ZnodeStat } from "@zoolog/zookeeper";

export type Observation =
  | string
  | number
  | boolean
  | null
  | ObservedZxid
  | readonly Observation[]
  | { readonly [field: string]: Observation };

export type ObservedZxid = { readonly zxid: number };

export function isZxid(observation: Observation): observation is ObservedZxid {
  return typeof observation === "object" && observation !== null && "zxid" in observation;
}

/** The name of a session, by its id in 16 hex digits. */
export type SessionNames = (sessionId: string) => string;

const NO_OWNER = "0".repeat(16);
const OP = {
  create: 1,
  exists: 3,
  getData: 4,
  setData: 5,
  getAcl: 6,
  setAcl: 7,
  getChildren: 8,
  sync: 9,
  getChildren2: 12,
  check: 13,
  multi: 14,
  create2: 15,
  createContainer: 19,
  createTtl: 21,
  multiRead: 22,
  getEphemerals: 103,
  getAllChildrenNumber: 104,
  whoAmI: 107,
  error: -1,
} as const;

export function observedReply(opCode: number, reply: WireReply, names: SessionNames): Observation {
  const body = reply.error === 0 ? observedBody(opCode, reply.body, names) : null;
  return {
    error: reply.error,
    at: { zxid: reply.zxid },
    body,
    rest: reply.body.rest().toString("hex"),
  };
}

function observedBody(opCode: number, body: WireReader, names: SessionNames): Observation {
  switch (opCode) {
    case OP.create:
    case OP.sync:
      return body.string() ?? null;
    case OP.create2:
    case OP.createContainer:
    case OP.createTtl:
      return { path: body.string() ?? null, stat: wireStat(body, names) };
    case OP.exists:
    case OP.setData:
    case OP.setAcl:
      return wireStat(body, names);
    case OP.getData:
      return { data: bytes(body.buffer()), stat: wireStat(body, names) };
    case OP.getAcl:
      return { acl: acl(body), stat: wireStat(body, names) };
    case OP.getChildren:
    case OP.getEphemerals:
      return strings(body);
    case OP.getChildren2:
      return { names: strings(body), stat: wireStat(body, names) };
    case OP.getAllChildrenNumber:
      return body.int();
    case OP.whoAmI:
      return body.vector((user) => `${user.string()}:${user.string()}`).sort();
    case OP.multi:
    case OP.multiRead:
      return multiResults(body, names);
    default:
      return null;
  }
}

function multiResults(body: WireReader, names: SessionNames): Observation {
  const results: Observation[] = [];
  for (;;) {
    const [type, isDone, error] = [body.int(), body.boolean(), body.int()];
    if (isDone) return results;
    const result = type === OP.error ? body.int() : observedBody(type, body, names);
    results.push({ type, error, result });
  }
}

function acl(body: WireReader): Observation {
  return body.vector((entry) => `${entry.int()} ${entry.string()}:${entry.string()}`).sort();
}

function strings(body: WireReader): Observation {
  return body.vector((element) => element.string() ?? null).sort();
}

export function bytes(data: Uint8Array | undefined): Observation {
  return data === undefined ? null : Buffer.from(data).toString("latin1");
}

function wireStat(body: WireReader, names: SessionNames): Observation {
  const stat: WireStat = readWireStat(body);
  const owner = BigInt.asUintN(64, stat.ephemeralOwner).toString(16).padStart(16, "0");
  return observedStat({ ...stat, ephemeralOwner: owner === NO_OWNER ? undefined : owner }, names);
}

export function observedStat(stat: ZnodeStat, names: SessionNames): Observation {
  return {
    czxid: { zxid: stat.czxid },
    mzxid: { zxid: stat.mzxid },
    pzxid: { zxid: stat.pzxid },
    version: stat.version,
    cversion: stat.cversion,
    aversion: stat.aversion,
    owner: stat.ephemeralOwner === undefined ? null : names(stat.ephemeralOwner),
    dataLength: stat.dataLength,
    numChildren: stat.numChildren,
    // The root was never created.
    isDated: stat.ctime > 0 && stat.mtime >= stat.ctime,
  };
}
