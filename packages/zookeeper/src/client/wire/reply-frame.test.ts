import { laterZxid } from "./reply-frame.ts";

function zxid(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

function reply(value: bigint): Buffer {
  return Buffer.concat([Buffer.alloc(8), zxid(value), Buffer.alloc(4)]);
}

test.each([
  [5n, 6n, 6n],
  [5n, 5n, 5n],
  [0x1_0000_0001n, 0x2_0000_0000n, 0x2_0000_0000n],
  [5n, 4n, 5n],
  [5n, 0n, 5n],
  [5n, -1n, 5n],
])("after zxid %d a reply with %d leaves %d as the last one seen", (seen, answered, last) => {
  expect(laterZxid(zxid(seen), reply(answered))).toEqual(zxid(last));
});
