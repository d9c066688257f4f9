import { connect } from "node:net";

/** Metadata v1 with an empty list of topics: brokers only. */
const REQUEST = Buffer.concat([
  Buffer.of(0, 0, 0, 19, 0, 3, 0, 1, 0, 0, 0, 1),
  Buffer.of(0, 5),
  Buffer.from("probe"),
  Buffer.of(0, 0, 0, 0),
]);
/** Frame length and correlation id come before the array of brokers. */
const BROKER_COUNT_AT = 8;
const PROBE_MS_MAX = 5_000;
const PAUSE_MS = 5;

/**
 * How many brokers the one at this port knows, asked in Kafka's protocol without any client;
 * `undefined` where nobody answers.
 */
export function countKnownBrokers(port: number): Promise<number | undefined> {
  const socket = connect({ host: "127.0.0.1", port });
  let answer = Buffer.alloc(0);
  return new Promise((resolve) => {
    const done = (brokers: number | undefined): void => {
      socket.destroy();
      resolve(brokers);
    };
    socket.setTimeout(PROBE_MS_MAX, () => done(undefined));
    socket.once("error", () => done(undefined));
    socket.once("close", () => done(undefined));
    socket.once("connect", () => socket.write(REQUEST));
    socket.on("data", (chunk) => {
      answer = Buffer.concat([answer, chunk]);
      if (answer.length >= BROKER_COUNT_AT + 4) done(answer.readInt32BE(BROKER_COUNT_AT));
    });
  });
}

/** Asks again and again until that many brokers are known; false when `isOver` says so before. */
export async function untilBrokersKnown(
  port: number,
  brokers: number,
  isOver: () => boolean,
): Promise<boolean> {
  while (!isOver()) {
    if (((await countKnownBrokers(port)) ?? 0) >= brokers) return true;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return false;
}
