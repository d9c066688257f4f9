import { silentLogger } from "@zoolog/base";
import {
  wireRequests as ask,
  ManualTime,
  MemoryConnection,
  SimulatedZooKeeper,
  type SimulatedZooKeeperClient,
  seededRandom,
  type WireRequest,
  WireSession,
} from "@zoolog/testkit";
import { ClientSockets } from "../../../packages/zookeeper/src/server/sockets/client-sockets.ts";
import { type Door, type FuzzTarget, mustHold, type Outcome } from "../fuzz-target.ts";

/** Executions after which the server is made anew: what strangers may create, they create. */
const EXECUTIONS_PER_SERVER = 500;
/** Virtual time per execution: sessions of earlier ones expire after some tens. */
const STEP_MS = 100;

export const zookeeperServer: FuzzTarget = {
  name: "zookeeper-server",
  row: "F-05",
  about: "the embedded server's sockets, frames, requests and four-letter words; a witness goes on",
  inputBytesMax: 8_192,
  smokeExecutions: 1_500,
  // Buffers of its answers grow by doubling from here.
  allocationSlackBytes: 64 * 1024,
  open(): Door {
    const world = new World();
    return { seeds: sampleSessions(), words: WORDS, execute: (input) => world.execute(input) };
  },
};

const WORDS = [
  ...["ruok", "srvr", "stat", "conf", "mntr", "wchs", "kill", "/guarded/node", "/a", "digest"].map(
    (word) => Buffer.from(word),
  ),
  ...["7fffffff", "80000000", "ffffffff", "fffffffe", "fffffffc", "00000064", "0000000e"].map(
    (hex) => Buffer.from(hex, "hex"),
  ),
];

const DIGEST_OF_WITNESS = "witness:secret";

/** What captured sessions say, a byte in front that says how the bytes are cut into chunks. */
function sampleSessions(): Buffer[] {
  const anyone = [[31, "world", "anyone"]] as const;
  const sessions: readonly (readonly WireRequest[])[] = [
    [ask.create("/a", { data: "one" }), ask.getData("/a", true), ask.setData("/a", "two")],
    [ask.create2("/s", { flags: 2 }), ask.create("/e", { flags: 1 }), ask.getEphemerals("/")],
    [
      ask.createContainer("/c"),
      ask.createTtl("/t", 1_000),
      ask.delete("/c"),
      ask.exists("/c", true),
    ],
    [ask.multi(ask.create("/m"), ask.check("/m", 0), ask.setData("/m", "x"), ask.delete("/m"))],
    [ask.multiRead(ask.getData("/"), ask.getChildren("/")), ask.getChildren2("/", true)],
    [ask.setWatches(0, { data: ["/a"], exist: ["/b"], child: ["/"] }), ask.whoAmI()],
    [ask.setWatches2(5, { persistent: ["/a"], recursive: ["/"] }), ask.addWatch("/", 1)],
    [ask.checkWatches("/a", 3), ask.removeWatches("/a", 3), ask.sync("/"), ask.getAcl("/guarded")],
    [ask.setAcl("/a", anyone), ask.getAllChildrenNumber("/"), ask.closeSession()],
  ];
  const streams = sessions.map((requests) => {
    const sent: Buffer[] = [];
    const session = new WireSession((bytes) => void sent.push(bytes));
    session.connect();
    session.addAuth("digest", "user:password");
    for (const request of requests) session.send(request);
    session.ping();
    return Buffer.concat(sent);
  });
  const words = ["ruok", "mntr", "stat", "dump"].map((word) => Buffer.from(word));
  return [...streams, ...words].map((bytes, i) => Buffer.concat([Buffer.of(i * 40), bytes]));
}

/** A server with a witness, whose znodes and whose session no stranger can touch. */
class World {
  #time = new ManualTime();
  #server: SimulatedZooKeeper | undefined;
  #sockets: ClientSockets | undefined;
  #witness: SimulatedZooKeeperClient | undefined;
  #executions = 0;

  execute(input: Buffer): Outcome {
    if (this.#executions % EXECUTIONS_PER_SERVER === 0) this.#begin();
    this.#executions += 1;
    const [server, sockets, witness] = [this.#server, this.#sockets, this.#witness];
    mustHold(server !== undefined && sockets !== undefined && witness !== undefined, "it runs");
    const connection = new MemoryConnection("10.0.0.1:4711");
    sockets.accept(connection);
    const bytes = input.subarray(1);
    const cut = Math.floor((bytes.length * (input[0] ?? 0)) / 256);
    connection.send(bytes.subarray(0, cut));
    connection.send(bytes.subarray(cut));
    const received = Buffer.concat(connection.received);
    const wasClosed = connection.isClosed;
    connection.hangUp();
    this.#time.advance(STEP_MS);
    sockets.tick();
    const seen = witness.call(ask.getData("/guarded/node"));
    mustHold(!witness.isClosed && seen.error === 0, () => `the witness got ${seen.error}`);
    mustHold(seen.body.buffer()?.toString() === "untouched", "what it guards is untouched");
    witness.wire.replies.length = 0;
    witness.wire.trace.length = 0;
    return `${wasClosed ? "closed" : "open"} ${answersIn(received)}`;
  }

  #begin(): void {
    this.#time = new ManualTime();
    const server = new SimulatedZooKeeper({}, { time: this.#time, random: seededRandom(1) });
    const options = { connectionsPerAddressMax: 0, requestBytesMax: 0xfffff, configuration: [] };
    const sockets = new ClientSockets(options, {
      core: server.core,
      clock: this.#time.clock,
      logger: silentLogger,
    });
    const witness = server.connect({ timeoutMs: 20_000 });
    witness.wire.addAuth("digest", DIGEST_OF_WITNESS);
    const acl = [[31, "auth", ""]] as const;
    witness.call(ask.create("/guarded", { acl }));
    witness.call(ask.create("/guarded/node", { data: "untouched", acl }));
    this.#server = server;
    this.#sockets = sockets;
    this.#witness = witness;
  }
}

/** Each answer's error code, or its kind: what this session was told, in short. */
function answersIn(received: Buffer): string {
  const answers: string[] = [];
  for (let at = 0; at + 4 <= received.length && answers.length < 5; ) {
    const length = received.readInt32BE(at);
    if (length < 16 || at + 4 + length > received.length) return `${answers.join(" ")} text`;
    const isHandshake = at === 0;
    answers.push(isHandshake ? "session" : String(received.readInt32BE(at + 16)));
    at += 4 + length;
  }
  return answers.join(" ");
}
