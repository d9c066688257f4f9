import type { StatRecord } from "node-zookeeper-client/lib/jute/index.js";
import { ZooKeeperError } from "../../errors.ts";
import type { ZnodeStat } from "../zookeeper-client.ts";

/** What a server writes into `ephemeralOwner` of a container, which no session owns. */
const CONTAINER_OWNER = "8000000000000000";
const NO_OWNER = "0000000000000000";

/** The library leaves int64 as 8 bytes. */
export function znodeStat(record: StatRecord): ZnodeStat {
  return {
    czxid: safeInteger(record.czxid),
    mzxid: safeInteger(record.mzxid),
    pzxid: safeInteger(record.pzxid),
    ctime: safeInteger(record.ctime),
    mtime: safeInteger(record.mtime),
    version: record.version,
    cversion: record.cversion,
    aversion: record.aversion,
    ephemeralOwner: owner(record.ephemeralOwner),
    dataLength: record.dataLength,
    numChildren: record.numChildren,
  };
}

/**
 * A zxid is the leader's epoch times 2^32 plus a counter: it fits a double's 53 bits while there
 * were fewer than 2^21 elections.
 */
function safeInteger(bytes: Buffer): number {
  const value = bytes.readInt32BE(0) * 2 ** 32 + bytes.readUInt32BE(4);
  if (Number.isSafeInteger(value)) return value;
  throw new ZooKeeperError({
    code: "PROTOCOL_ERROR",
    message: `a server sent an int64 beyond 2^53: 0x${bytes.toString("hex")}`,
  });
}

function owner(sessionId: Buffer): string | undefined {
  const hex = sessionId.toString("hex");
  return hex === NO_OWNER || hex === CONTAINER_OWNER ? undefined : hex;
}
