import { errorCode, silentLogger } from "@zoolog/base";
import {
  handshakeReply,
  ManualTime,
  replyFrame,
  seededRandom,
  WireWriter,
  watchEventFrame,
  ZERO_STAT,
} from "@zoolog/testkit";
import { type ClientSocket, connectZooKeeper, type ZooKeeperClient } from "@zoolog/zookeeper";
import {
  BrokenRule,
  type Door,
  type FuzzTarget,
  mustHold,
  type Outcome,
  refusal,
} from "../fuzz-target.ts";

/** Everything must have ended by then: no timeout of the client is longer. */
const PATIENCE_MS = 60_000;
const STEP_MS = 500;

export const zookeeperClient: FuzzTarget = {
  name: "zookeeper-client",
  row: "F-06",
  about: "our client and a hostile server, which hangs up at any byte: every call ends, once",
  inputBytesMax: 2_048,
  smokeExecutions: 400,
  slowMs: 2_000,
  // The library's socket and request buffers.
  allocationSlackBytes: 128 * 1024,
  async open(): Promise<Door> {
    const seeds = sampleStreams();
    const answer = await execute(Buffer.from(seeds[0] ?? Buffer.alloc(0)));
    mustHold(answer === `${"ok ".repeat(REQUESTS.length)}3`, () => `the valid one gives ${answer}`);
    return { seeds, words: WORDS, execute };
  },
};

const WORDS = [
  "ffffffff",
  "fffffffe",
  "fffffffc",
  "7fffffff",
  "ffffff9b",
  "ffffff90",
  "00000044",
].map((hex) => Buffer.from(hex, "hex"));

/** What a client asks here, in this order; the xids count from 0. */
const REQUESTS: readonly ((client: ZooKeeperClient, watch: () => void) => Promise<unknown>)[] = [
  (client) => client.create("/a", Buffer.from("one")),
  (client, watch) => client.getData("/a", watch),
  (client, watch) => client.exists("/b", watch),
  (client, watch) => client.getChildren("/", watch),
  (client) => client.setData("/a", Buffer.from("two"), 3),
  (client) =>
    client.multi([
      { type: "create", path: "/c", data: Buffer.alloc(0) },
      { type: "remove", path: "/a" },
    ]),
  (client) => client.getAcl("/a"),
  (client) => client.remove("/c"),
];

/** The whole of what a server sends: how the stream is cut, handshake, answers, events. */
function sampleStreams(): Buffer[] {
  const handshake = handshakeReply({ id: 0x1234n, timeoutMs: 10_000 });
  const data = new WireWriter().buffer(Buffer.from("one")).raw(ZERO_STAT).bytes();
  const children = new WireWriter().strings(["a", "b"]).raw(ZERO_STAT).bytes();
  const acl = new WireWriter().int(1).int(31).string("world").string("anyone").raw(ZERO_STAT);
  const multi = new WireWriter().int(1).boolean(false).int(0).string("/c");
  multi.int(2).boolean(false).int(0).int(-1).boolean(true).int(-1);
  const failed = new WireWriter().int(-1).boolean(false).int(-110).int(-110);
  failed.int(-1).boolean(false).int(-2).int(-2).int(-1).boolean(true).int(-1);
  const bodies = [
    new WireWriter().string("/a").bytes(),
    ...[data, ZERO_STAT, children, ZERO_STAT, multi.bytes(), acl.bytes(), Buffer.alloc(0)],
  ];
  const replies = bodies.map((body, i) => replyFrame({ xid: i, zxid: BigInt(i + 1), body }));
  const refusals = bodies.map((_, i) => replyFrame({ xid: i, error: i % 2 === 0 ? -101 : -9 }));
  const events = [watchEventFrame(3, "/a"), watchEventFrame(1, "/b"), watchEventFrame(4, "/")];
  const ping = replyFrame({ xid: -2 });
  const good = [handshake, ...replies, ping, ...events];
  const other = [...replies.slice(0, 5), replyFrame({ xid: 5, body: failed.bytes() })];
  return [
    [Buffer.of(0), ...good],
    [Buffer.of(7), ...good],
    [Buffer.of(1), handshake, ...refusals],
    [Buffer.of(3), handshake, ...events, ...other],
    [Buffer.of(2), handshakeReply({ id: 0n, timeoutMs: 0 })],
  ].map((pieces) => Buffer.concat(pieces));
}

async function execute(input: Buffer): Promise<Outcome> {
  const time = new ManualTime();
  const server = new HostileServer(input);
  const options = { connectString: "hostile:1", sessionTimeoutMs: 6_000, connectTimeoutMs: 9_000 };
  const connecting = connectZooKeeper(options, {
    clock: time.clock,
    scheduler: time.scheduler,
    random: seededRandom(1),
    logger: silentLogger,
    connectSocket: () => server.connect(),
  });
  const connected = connecting.then((client) => ask(client));
  let outcome: { readonly is: Outcome } | { readonly thrown: unknown } | undefined;
  void connected.then(
    (is) => {
      outcome = { is };
    },
    (thrown: unknown) => {
      outcome = { thrown };
    },
  );
  for (let waitedMs = 0; outcome === undefined && waitedMs < PATIENCE_MS; waitedMs += STEP_MS) {
    await time.advanceAndSettle(STEP_MS);
  }
  server.hangUp();
  mustHold(outcome !== undefined, "a call did not end");
  return "is" in outcome ? outcome.is : refusal(outcome.thrown);
}

/** Asks everything, waits until all of it is settled, closes. */
async function ask(client: ZooKeeperClient): Promise<Outcome> {
  let fired = 0;
  const watches = REQUESTS.map(() => {
    let times = 0;
    return () => {
      times += 1;
      fired += 1;
      if (times > 1) throw new BrokenRule("a watch fires once");
    };
  });
  const settled = await Promise.all(
    REQUESTS.map((request, i) =>
      request(client, watches[i] ?? (() => {})).then(
        () => "ok",
        (error: unknown) => refusal(error).split(" ")[0] ?? "",
      ),
    ),
  );
  let isClosed = false;
  const closing = client.close().then(() => {
    isClosed = true;
  });
  await closing;
  mustHold(isClosed, "closing ends");
  const after = await client.exists("/a").catch(errorCode);
  mustHold(typeof after === "string", "a closed client answers nothing");
  return `${settled.join(" ")} ${fired}`;
}

/** Plays its stream to the first connection, a piece at each turn, and hangs up behind it. */
class HostileServer {
  readonly #stream: Buffer;
  readonly #pieceBytes: number;
  readonly #sockets: HostileSocket[] = [];

  constructor(input: Buffer) {
    const [cut = 0] = input;
    this.#stream = input.subarray(1);
    this.#pieceBytes = cut === 0 ? Number.POSITIVE_INFINITY : cut * 8;
  }

  connect(): ClientSocket {
    const stream = this.#sockets.length === 0 ? this.#stream : Buffer.alloc(0);
    const socket = new HostileSocket(stream, this.#pieceBytes);
    this.#sockets.push(socket);
    return socket;
  }

  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

type Listeners = {
  connect: () => void;
  drain: () => void;
  data: (chunk: Buffer) => void;
  close: (hadError: boolean) => void;
  error: (error: Error) => void;
};

const HANDSHAKE_BYTES = 40;

class HostileSocket implements ClientSocket {
  readonly #listeners: Partial<Listeners> = {};
  readonly #pieceBytes: number;
  #left: Buffer;
  #isHandshakeSent = false;
  destroyed = false;

  constructor(stream: Buffer, pieceBytes: number) {
    this.#left = stream;
    this.#pieceBytes = pieceBytes;
    setImmediate(() => this.#listeners.connect?.());
  }

  /** The first write is the handshake's; what follows it is answered when requests come. */
  write(): boolean {
    if (!this.#isHandshakeSent) {
      this.#isHandshakeSent = true;
      setImmediate(() => this.#send(HANDSHAKE_BYTES + 4));
    } else {
      setImmediate(() => this.#sendRest());
    }
    return true;
  }

  #sendRest(): void {
    if (this.destroyed) return;
    if (this.#left.length === 0) {
      this.destroyed = true;
      this.#listeners.close?.(false);
      return;
    }
    this.#send(this.#pieceBytes);
    setImmediate(() => this.#sendRest());
  }

  #send(bytes: number): void {
    if (this.destroyed) return;
    const piece = Buffer.from(this.#left.subarray(0, bytes));
    this.#left = this.#left.subarray(bytes);
    this.#listeners.data?.(piece);
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    setImmediate(() => this.#listeners.close?.(false));
  }

  on<E extends keyof Listeners>(event: E, listener: Listeners[E]): void {
    this.#listeners[event] = listener;
  }

  setNoDelay(): void {}

  setTimeout(): void {}
}
