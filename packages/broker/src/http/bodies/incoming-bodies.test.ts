import { Readable } from "node:stream";
import { errorCode } from "@zoolog/base";
import { LargeBuffers } from "@zoolog/protocol";
import { ManualTime } from "@zoolog/testkit";
import { ByteBudget } from "../../planes/byte-budget.ts";
import { readBody } from "./body-reader.ts";
import { IncomingBodies } from "./incoming-bodies.ts";

const TIMEOUT_MS = 30_000;
const BODY_BYTES = 1_000;

/** Room for four halves of bodies and a little more, which are looked at each second. */
function started() {
  const time = new ManualTime();
  const clients = new ByteBudget({ bytesMax: 2.2 * BODY_BYTES });
  const incoming = new IncomingBodies({
    limits: { requestTimeoutMs: TIMEOUT_MS, produceBodyBytesMax: BODY_BYTES },
    budgets: { clients, largeRequests: new ByteBudget({ bytesMax: 0 }) },
    clock: time.clock,
  });
  const pass = (seconds: number, each: () => void = () => {}): void => {
    for (let second = 0; second < seconds; second++) {
      time.advance(1_000);
      each();
      incoming.look();
    }
  };
  /** A body and how it went: the code of its error, or that it was read. */
  const begin = (declaredBytes: number | "chunked" = BODY_BYTES) => {
    const stream = new Readable({ read: () => {} });
    let held = 0;
    const reserve = (bytes: number): boolean => {
      if (!clients.tryReserve(bytes)) return false;
      held += bytes;
      return true;
    };
    const limits = {
      ...{ bytesMax: 10 * BODY_BYTES, reserve, incoming },
      declaredBytes: declaredBytes === "chunked" ? undefined : declaredBytes,
    };
    const ending = readBody(stream, limits, new LargeBuffers()).then(
      () => "read",
      (error: unknown) => {
        clients.release(held);
        return errorCode(error);
      },
    );
    const send = (bytes: number): void => void stream.emit("data", Buffer.alloc(bytes));
    const state = () => Promise.race([ending, new Promise((r) => setImmediate(r, "comes"))]);
    return { send, state, end: () => stream.emit("end") };
  };
  const half = (declaredBytes?: number | "chunked") => {
    const body = begin(declaredBytes);
    body.send(BODY_BYTES / 2);
    return body;
  };
  return { begin, clients, half, pass };
}

test("bodies that stand still are cut as others need room, the oldest first, and no more than needed", async () => {
  const { begin, half, pass } = started();
  const standing = [half(), half(), half(), half()];
  pass(2);

  const refused = half();

  const cut = "THROTTLING_QUOTA_EXCEEDED";
  expect(await refused.state()).toBe(cut);
  const states = await Promise.all(standing.map(({ state }) => state()));
  expect(states).toEqual([cut, cut, "comes", "comes"]);
  const again = begin();
  again.send(BODY_BYTES);
  again.end();
  expect(await again.state()).toBe("read");
});

test("while nobody needs their room they may take their time", async () => {
  const { half, pass } = started();
  const standing = [half(), half("chunked")];

  pass(20);

  for (const { state } of standing) expect(await state()).toBe("comes");
});

test.each([
  ["an announced", BODY_BYTES],
  ["a chunked", "chunked"],
] as const)("%s body that comes in its time is left alone", async (_what, declaredBytes) => {
  const { half, pass } = started();
  const coming = half(declaredBytes);
  const standing = [half(), half(), half()];
  pass(3, () => coming.send(50));

  half();

  expect(await coming.state()).toBe("comes");
  expect(await standing[0]?.state()).toBe("THROTTLING_QUOTA_EXCEEDED");
});

test("who waits for room by another plane is given what stands still", async () => {
  const { clients, half, pass } = started();
  const standing = [half(), half(), half(), half()];
  pass(2);
  let isGranted = false;
  clients.waitToTake({ bytes: BODY_BYTES, bytesLeft: 0 }, () => {
    isGranted = true;
  });

  pass(1);
  const states = await Promise.all(standing.map(({ state }) => state()));

  expect(isGranted).toBe(true);
  const cut = "THROTTLING_QUOTA_EXCEEDED";
  expect(states).toEqual([cut, cut, "comes", "comes"]);
});

test("a body that has come to its end, or was broken off, is in nobody's way", async () => {
  const { begin, half, pass } = started();
  const read = half();
  read.send(BODY_BYTES / 2);
  read.end();
  const standing = half();
  pass(2);

  begin().send(2 * BODY_BYTES);

  expect(await read.state()).toBe("read");
  expect(await standing.state()).toBe("THROTTLING_QUOTA_EXCEEDED");
});
