import { connect, type Socket } from "node:net";
import { encodeMessage } from "@zoolog/protocol";
import { type Door, type FuzzTarget, mustHold, type Outcome } from "../fuzz-target.ts";
import { FuzzedBroker } from "./fuzzed-broker.ts";

/** Silent connections, each with half a request, that are there all the time. */
const IDLE_CONNECTIONS = 300;
/** How often a good client calls, and how long it waits at most. */
const EXECUTIONS_PER_GOOD_CALL = 32;
/** A stranger who is told nothing for so long hangs up. */
const PATIENCE_MS = 30;
/** Executions after which the broker is made anew. */
const EXECUTIONS_PER_BROKER = 4_000;

export const httpRaw: FuzzTarget = {
  name: "http-raw",
  row: "F-03",
  about: "raw bytes at the broker's port, among silent connections; good clients are answered",
  inputBytesMax: 24 * 1024,
  smokeExecutions: 100,
  slowMs: 5_000,
  // What the broker keeps ready for answers and for its log.
  allocationSlackBytes: 64 * 1024 * 1024,
  open(): Door {
    const world = new World();
    return {
      seeds: sampleRequests(),
      words: WORDS.map((word) => Buffer.from(word, "latin1")),
      execute: (input) => world.execute(input),
      close: () => world.close(),
    };
  },
};

const WORDS = [
  ...["Content-Length: 5\r\n", "Content-Length: 0\r\n", "Transfer-Encoding: chunked\r\n", "\r\n"],
  ...["Transfer-Encoding: gzip, chunked\r\n", "Content-Length: +5\r\n", " folded\r\n", "\n", "\0"],
  ...[
    "Host: localhost\r\n",
    "Connection: close\r\n",
    "Connection: keep-alive\r\n",
    "5\r\nhello\r\n",
  ],
  ...[
    "0\r\n\r\n",
    "ffffffffffffffff\r\n",
    "Expect: 100-continue\r\n",
    "Upgrade: h2c\r\n",
    "\t",
    ";",
  ],
  ...["POST ", "GET ", "HEAD ", "CONNECT ", "TRACE ", "PRI * HTTP/2.0\r\n", "HTTP/1.0", "HTTP/9.9"],
  ...["/v1/metadata", "/v1/topics/..%2f", "/v1/topics/%00", "/%", "http://other/", "?offset=-1"],
  ...["Origin: http://evil\r\n", "zoolog-broker: 1.1.x\r\n", "Content-Encoding: gzip\r\n"],
  ...["Content-Type: application/json\r\n", "Content-Type: text/plain\r\n", "x".repeat(2_000)],
];

function sampleRequests(): Buffer[] {
  const body = Buffer.from(encodeMessage({ topics: ["orders"] }));
  const head = (line: string, ...headers: string[]): Buffer =>
    Buffer.from(`${[line, "Host: localhost", ...headers].join("\r\n")}\r\n\r\n`);
  const type = "Content-Type: application/msgpack";
  const metadata = "POST /v1/metadata HTTP/1.1";
  const length = `Content-Length: ${body.length}`;
  const call = Buffer.concat([head(metadata, type, length), body]);
  const chunk = Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body]);
  const chunked = [
    head(metadata, type, "Transfer-Encoding: chunked"),
    chunk,
    Buffer.from("\r\n0\r\n\r\n"),
  ];
  const both = head(metadata, type, length, "Transfer-Encoding: chunked");
  const follow = "GET /v1/topics/orders/partitions/0/records?offset=0&maxWaitMs=0 HTTP/1.1";
  const json = '{"records":[{"value":"a"}]}';
  return [
    call,
    Buffer.concat([call, call, call]),
    Buffer.concat(chunked),
    Buffer.concat([both, body]),
    Buffer.concat([head(metadata, type, length, length), body]),
    head("GET /v1/topics HTTP/1.1"),
    head("GET /health/ready HTTP/1.0"),
    head(follow, "Accept: text/event-stream"),
    head("PUT /v1/topics/%2e%2e HTTP/1.1"),
    head("GET /metrics HTTP/1.1", `X: ${"y".repeat(15_000)}`),
    head("GET /metrics HTTP/1.1", "X: a", " folded"),
    Buffer.from(
      `${head("POST /v1/topics/orders/records HTTP/1.1", "Content-Type: application/json", `Content-Length: ${json.length}`).toString()}${json}`,
    ),
  ].map((request, i) => Buffer.concat([Buffer.of(i * 20), request]));
}

class World {
  #broker: FuzzedBroker | undefined;
  #idle: Socket[] = [];
  #executions = 0;

  async execute(input: Buffer): Promise<Outcome> {
    const broker = await this.#brokerFor();
    this.#executions += 1;
    this.#keepIdle(broker.port);
    const said = await exchange(broker.port, input);
    if (this.#executions % EXECUTIONS_PER_GOOD_CALL === 0) {
      const { status } = await broker.call("metadata", { topics: ["orders"] });
      mustHold(status === 200, () => `a good client got ${status}`);
    }
    const answers = said.toString("latin1").split(/(?=HTTP\/1\.1 \d{3})/);
    const statuses = answers.filter((text) => text !== "").map((text) => text.slice(9, 12));
    const failed = statuses.find((status) => /^5(?!03|04)/.test(status));
    mustHold(failed === undefined, () => `it answered ${said.toString("latin1").slice(0, 400)}`);
    return statuses.slice(0, 6).join(" ");
  }

  async close(): Promise<void> {
    for (const socket of this.#idle) socket.destroy();
    await this.#broker?.close();
  }

  async #brokerFor(): Promise<FuzzedBroker> {
    if (this.#executions % EXECUTIONS_PER_BROKER === 0) {
      await this.close();
      this.#idle = [];
      this.#broker = await FuzzedBroker.start();
    }
    mustHold(this.#broker !== undefined, "a broker runs");
    return this.#broker;
  }

  /** The broker cuts them when their headers do not come; others take their place. */
  #keepIdle(port: number): void {
    this.#idle = this.#idle.filter((socket) => !socket.destroyed);
    for (let opened = 0; opened < 8 && this.#idle.length < IDLE_CONNECTIONS; opened++) {
      const socket = connect({ port, host: "127.0.0.1" });
      socket.on("error", () => {});
      socket.write("POST /v1/metadata HTTP/1.1\r\nHost: local");
      this.#idle.push(socket);
    }
  }
}

/** Says the input in two pieces; answers what came back until the end, or until nothing comes. */
function exchange(port: number, input: Buffer): Promise<Buffer> {
  const bytes = input.subarray(1);
  const cut = Math.floor((bytes.length * (input[0] ?? 0)) / 256);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect({ port, host: "127.0.0.1" });
    const timer = setTimeout(() => socket.destroy(), PATIENCE_MS);
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      timer.refresh();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks));
    });
    socket.write(bytes.subarray(0, cut), () => socket.write(bytes.subarray(cut)));
  });
}
