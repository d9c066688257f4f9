import { replyFrame, WireWriter, watchEventFrame, ZERO_STAT } from "@zoolog/testkit";
import { OP_CODES } from "../../jute/op-codes.ts";
import { checkHandshake, checkNotification, checkReplyBody } from "./reply-body.ts";

const reply = (body: WireWriter) => replyFrame({ xid: 1, body: body.bytes() });
const writer = () => new WireWriter();
const MALFORMED = expect.objectContaining({ code: "MALFORMED_JUTE" });

const names = () => writer().strings(["a", "bc"]).raw(ZERO_STAT);
const acl = () => writer().int(1).int(31).string("world").string("anyone").raw(ZERO_STAT);
const results = () =>
  writer()
    .raw(writer().int(1).boolean(false).int(0).string("/c").bytes())
    .raw(writer().int(5).boolean(false).int(0).raw(ZERO_STAT).bytes())
    .raw(writer().int(2).boolean(false).int(0).bytes())
    .raw(writer().int(-1).boolean(false).int(-110).int(-110).bytes())
    .raw(writer().int(-1).boolean(true).int(-1).bytes());

const BODIES: readonly (readonly [keyof typeof OP_CODES, () => WireWriter])[] = [
  ["create", () => writer().string("/a")],
  ["exists", () => writer().raw(ZERO_STAT)],
  ["getData", () => writer().buffer(Buffer.from("one")).raw(ZERO_STAT)],
  ["getChildren2", names],
  ["getAcl", acl],
  ["multi", results],
];

test.each(BODIES)(
  "the answer to %s passes whole, and is malformed without its end",
  (name, body) => {
    const bytes = body().bytes();

    checkReplyBody(OP_CODES[name], reply(writer().raw(bytes)));

    for (let length = 0; length < bytes.length; length++) {
      const cut = reply(writer().raw(bytes.subarray(0, length)));
      expect(() => checkReplyBody(OP_CODES[name], cut)).toThrow(MALFORMED);
    }
  },
);

test.each([
  ["a buffer of 2 GiB", OP_CODES.getData, writer().int(0x7fff_ffff).raw(ZERO_STAT)],
  ["names of a negative length", OP_CODES.getChildren2, writer().int(2).int(-4).raw(ZERO_STAT)],
  ["more names than bytes", OP_CODES.getChildren2, writer().int(0x7fff_ffff).raw(ZERO_STAT)],
  ["a result of no kind", OP_CODES.multi, writer().int(7).boolean(false).int(0)],
])("%s is malformed", (_, opCode, body) => {
  expect(() => checkReplyBody(opCode, reply(body))).toThrow(MALFORMED);
});

test("a password longer than the handshake that brings it is malformed", () => {
  const handshake = (password: WireWriter) =>
    writer().int(0).int(10_000).long(1n).raw(password.bytes()).frame();

  checkHandshake(handshake(writer().buffer(Buffer.alloc(16))));

  expect(() => checkHandshake(handshake(writer().int(17).raw(Buffer.alloc(16))))).toThrow(
    MALFORMED,
  );
});

test("an event without its path is malformed", () => {
  checkNotification(watchEventFrame(3, "/a"));

  const event = replyFrame({ xid: -1, body: writer().int(3).int(3).int(2).bytes() });
  expect(() => checkNotification(event)).toThrow(MALFORMED);
});
