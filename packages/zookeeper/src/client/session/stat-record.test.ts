import type { StatRecord } from "node-zookeeper-client/lib/jute/index.js";
import { znodeStat } from "./stat-record.ts";

function int64(hex: string): Buffer {
  return Buffer.from(hex.padStart(16, "0"), "hex");
}

const RECORD: StatRecord = {
  czxid: int64("0000000500000001"),
  mzxid: int64("0000000500000002"),
  pzxid: int64("0000000500000003"),
  ctime: int64("18f00000000"),
  mtime: int64("18f00000001"),
  ephemeralOwner: int64("0"),
  version: 0,
  cversion: 2,
  aversion: 3,
  dataLength: 4,
  numChildren: 5,
};

test("int64 fields become numbers", () => {
  expect(znodeStat(RECORD)).toEqual({
    czxid: 5 * 2 ** 32 + 1,
    mzxid: 5 * 2 ** 32 + 2,
    pzxid: 5 * 2 ** 32 + 3,
    ctime: 0x18f00000000,
    mtime: 0x18f00000001,
    ephemeralOwner: undefined,
    version: 0,
    cversion: 2,
    aversion: 3,
    dataLength: 4,
    numChildren: 5,
  });
});

test.each([
  ["100000cafe0001", "00100000cafe0001"],
  ["ff000000cafe0001", "ff000000cafe0001"],
  ["8000000000000000", undefined],
])("owner %s is the session %s (a container has none)", (owner, sessionId) => {
  expect(znodeStat({ ...RECORD, ephemeralOwner: int64(owner) }).ephemeralOwner).toBe(sessionId);
});

test("a zxid of an epoch of 2^21 or more does not fit and is no number that is a little off", () => {
  expect(znodeStat({ ...RECORD, czxid: int64("001fffffffffffff") }).czxid).toBe(2 ** 53 - 1);
  expect(() => znodeStat({ ...RECORD, czxid: int64("0020000000000000") })).toThrow("beyond 2^53");
});
