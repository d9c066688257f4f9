import { silentLogger } from "@zoolog/base";
import {
  wireRequests as ask,
  ManualTime,
  type MemoryConnection,
  MemoryNetwork,
  SimulatedDisk,
  seededRandom,
  type WireHandshake,
  WireSession,
} from "@zoolog/testkit";
import { startZooKeeperServer, type ZooKeeperServerOptions } from "./zookeeper-server.ts";

const FOLDER = "/zookeeper";

/** A machine with a disk, on which servers are started and killed. */
class Machine {
  readonly disk = new SimulatedDisk({}, { random: seededRandom(1) });
  readonly time = new ManualTime();
  network = new MemoryNetwork();
  failures: Error[] = [];

  async start(options: ZooKeeperServerOptions = { dataFolder: FOLDER }) {
    this.network = new MemoryNetwork();
    const starting = startZooKeeperServer({ tickTimeMs: 1000, ...options }, this.#dependencies());
    starting.catch(() => {}); // Whoever called is told as well.
    await this.settle();
    return starting;
  }

  startOn(network: MemoryNetwork, options: ZooKeeperServerOptions = {}) {
    this.network = network;
    return startZooKeeperServer(options, this.#dependencies());
  }

  powerCut(): void {
    this.disk.crash("power", { keepUnsynced: 0 });
  }

  async settle(ms = 0): Promise<void> {
    for (let i = 0; i < 20; i++) await this.time.advanceAndSettle(0);
    await this.time.advanceAndSettle(ms);
    for (let i = 0; i < 20; i++) await this.time.advanceAndSettle(0);
  }

  async connect(session?: WireHandshake): Promise<Client> {
    const client = new Client(this.network.dial());
    client.wire.connect({ timeoutMs: 10_000, ...(session === undefined ? {} : { session }) });
    await this.settle();
    return client;
  }

  #dependencies() {
    return {
      network: this.network,
      fileSystem: this.disk.mount(),
      clock: this.time.clock,
      scheduler: this.time.scheduler,
      random: seededRandom(2),
      logger: silentLogger,
      onFailure: (error: Error) => void this.failures.push(error),
    };
  }
}

class Client {
  readonly connection: MemoryConnection;
  readonly wire: WireSession;

  constructor(connection: MemoryConnection) {
    this.connection = connection;
    this.wire = new WireSession((frame) => connection.send(frame));
    connection.onReceived = (chunk) => this.wire.receive(chunk);
  }
}

describe("restarts", () => {
  test("sessions and their ephemerals survive a power cut, and go on", async () => {
    const machine = new Machine();
    await machine.start();
    const client = await machine.connect();
    client.wire.send(ask.create("/e", { flags: 1 }));
    client.wire.send(ask.create("/p", { data: "kept" }));
    await machine.settle();
    const { zxid } = client.wire.reply(2)!;

    machine.powerCut();
    await machine.start();
    const resumed = await machine.connect(client.wire.handshake);
    const xids = ["/e", "/p"].map((path) => resumed.wire.send(ask.getData(path)));
    await machine.settle();

    expect(resumed.wire.handshake?.sessionId).toBe(client.wire.handshake?.sessionId);
    expect(xids.map((xid) => resumed.wire.reply(xid)?.error)).toEqual([0, 0]);
    expect(resumed.wire.reply(xids[1]!)?.body.buffer()?.toString()).toBe("kept");
    expect(resumed.wire.reply(xids[1]!)?.zxid).toBeGreaterThan(zxid);
  });

  test("a session whose client does not come back ends after its timeout, counted anew", async () => {
    const machine = new Machine();
    await machine.start();
    const client = await machine.connect();
    client.wire.send(ask.create("/e", { flags: 1 }));
    await machine.settle();
    machine.powerCut();
    await machine.start();
    const observer = await machine.connect();
    observer.wire.send(ask.exists("/e", true));

    await machine.settle(9000);
    observer.wire.ping();
    expect(observer.wire.takeEvents()).toEqual([]);
    await machine.settle(4000);

    expect(observer.wire.takeEvents()).toEqual(["deleted /e"]);
  });

  test("zxids of refused requests do not come again after a restart", async () => {
    const machine = new Machine();
    await machine.start();
    const client = await machine.connect();
    for (let i = 0; i < 5; i++) client.wire.send(ask.delete("/no"));
    await machine.settle();
    const { zxid } = client.wire.replies.at(-1)!;

    machine.powerCut();
    await machine.start();
    const late = new Client(machine.network.dial());
    late.wire.connect({ lastZxidSeen: zxid, session: client.wire.handshake! });
    await machine.settle();

    expect(late.wire.handshake?.timeoutMs).toBeGreaterThan(0);
  });

  test("closing keeps everything and leaves no timer behind", async () => {
    const machine = new Machine();
    const server = await machine.start();
    const client = await machine.connect();
    client.wire.send(ask.create("/a"));

    const closing = server.close();
    await machine.settle();
    await closing;

    expect(machine.time.pendingTimers).toBe(0);
    expect(machine.network.isListening).toBe(false);
    expect(client.connection.isClosed).toBe(true);
    await machine.start();
    const again = await machine.connect();
    again.wire.send(ask.exists("/a"));
    expect(again.wire.reply(1)?.error).toBe(0);
  });

  test("clients that come while the data is read back are served afterwards", async () => {
    const machine = new Machine();
    await machine.start();
    machine.powerCut();
    const hold = machine.disk.hold("readDirectory");
    const starting = machine.start();
    await machine.settle();
    const client = await machine.connect();
    expect(client.wire.handshake).toBeUndefined();

    hold.release();
    await starting;
    client.wire.connect();
    await machine.settle();

    expect(client.wire.handshake?.timeoutMs).toBeGreaterThan(0);
  });
});

describe("failures", () => {
  test("a port that is taken is found out before the data is touched", async () => {
    const machine = new Machine();
    const network = new MemoryNetwork();
    network.isPortTaken = true;

    const starting = machine.startOn(network, { dataFolder: FOLDER });

    await expect(starting).rejects.toMatchObject({ code: "EADDRINUSE" });
    expect(machine.disk.paths()).toEqual([]);
  });

  test("damaged data ends the start and frees the port", async () => {
    const machine = new Machine();
    const server = await machine.start();
    const client = await machine.connect();
    client.wire.send(ask.create("/a"));
    client.wire.send(ask.create("/b"));
    await machine.settle();
    const closing = server.close();
    await machine.settle();
    await closing;
    machine.disk.flipBit(machine.disk.paths()[0]!, 80, 1);

    await expect(machine.start()).rejects.toMatchObject({ code: "ZOOKEEPER_DATA_CORRUPT" });
    expect(machine.network.isListening).toBe(false);
  });

  test("a disk that fails ends the server: its connections close, its owner is told", async () => {
    const machine = new Machine();
    const server = await machine.start();
    const client = await machine.connect();
    machine.disk.inject({ effect: "EIO", operations: ["datasync"] });

    const xid = client.wire.send(ask.create("/a"));
    await machine.settle();

    expect(client.wire.reply(xid)).toBeUndefined();
    expect(client.connection.isClosed).toBe(true);
    expect(machine.failures).toMatchObject([{ code: "ZOOKEEPER_STORAGE_FAILED" }]);
    expect(machine.network.dial().isClosed).toBe(true);
    await server.close();
  });
});

describe("limits", () => {
  const inMemory = {};

  test("connections from one address are counted, and a place is free again when one ends", async () => {
    const machine = new Machine();
    await machine.start({ ...inMemory, connectionsPerAddressMax: 2 });
    const [first] = [machine.network.dial(), machine.network.dial()];

    expect(machine.network.dial().isClosed).toBe(true);
    expect(machine.network.dial("10.0.0.1").isClosed).toBe(false);
    first?.hangUp();
    expect(machine.network.dial().isClosed).toBe(false);
  });

  test.each([
    ["a negative length", Buffer.of(255, 255, 255, 255)],
    ["a length over the limit", Buffer.of(0, 16, 0, 0)],
    ["HTTP", Buffer.from("GET / HTTP/1.1\r\n")],
  ])("%s costs its connection, nobody else's", async (_, bytes) => {
    const machine = new Machine();
    await machine.start(inMemory);
    const good = await machine.connect();
    const bad = await machine.connect();

    bad.connection.send(bytes);
    good.wire.send(ask.exists("/"));

    expect(bad.connection.isClosed).toBe(true);
    expect(good.wire.reply(1)?.error).toBe(0);
  });

  test("a request of just the allowed size is served", async () => {
    const machine = new Machine();
    await machine.start(inMemory);
    const client = await machine.connect();
    const overhead = 8 + 4 + 1 + 4 + 4;

    client.wire.send(ask.setData("/", "x".repeat(0xfffff - overhead)));
    expect(client.wire.reply(1)?.error).toBe(0);
    client.wire.send(ask.setData("/", "x".repeat(0xfffff - overhead + 1)));
    expect(client.connection.isClosed).toBe(true);
  });

  test("before its session a client may send little, and has little time", async () => {
    const machine = new Machine();
    await machine.start(inMemory);
    const large = machine.network.dial();
    large.send(Buffer.of(0, 0, 0x20, 0));
    const slow = machine.network.dial();
    slow.send(Buffer.of(0, 0));

    expect(large.isClosed).toBe(true);
    await machine.settle(9000);
    expect(slow.isClosed).toBe(false);
    await machine.settle(2000);
    expect(slow.isClosed).toBe(true);
  });

  test("from a client that does not read, nothing more is read until it does", async () => {
    const machine = new Machine();
    await machine.start(inMemory);
    const client = await machine.connect();
    client.wire.send(ask.setData("/", "x".repeat(500_000)));
    client.connection.stopReading();

    for (let i = 0; i < 10; i++) client.wire.send(ask.getData("/"));
    expect(client.connection.isPaused).toBe(true);
    expect(client.connection.pendingBytes).toBeLessThan(2_000_000);
    client.connection.startReading();

    expect(client.wire.replies.filter(({ error }) => error === 0)).toHaveLength(11);
    expect(client.connection.isPaused).toBe(false);
  });
});

describe("four letter words", () => {
  const ask4 = async (word: string) => {
    const machine = new Machine();
    await machine.start({});
    const client = await machine.connect();
    client.wire.send(ask.create("/a"));
    const connection = machine.network.dial();
    connection.send(Buffer.from(word));
    return connection;
  };

  test.each([
    ["ruok", /^imok$/],
    [
      "srvr",
      /^Zookeeper version: 3\.8.*avg\/max: 0\/0\.0\/0\n.*Zxid: 0x100000002\nMode: standalone\nNode count: 6\n$/s,
    ],
    ["stat", /Clients:\n \/127\.0\.0\.1:40000\[1\]\(queued=0,recved=2,sent=2\)\n/],
    ["mntr", /^zk_znode_count\t6$/m],
    ["conf", /^tickTime=1000$/m],
    ["dump", /^dump is not executed because it is not in the whitelist\.\n$/],
  ])("%s is answered, then the connection is closed", async (word, expected) => {
    const connection = await ask4(word);

    expect(connection.text()).toMatch(expected);
    expect(connection.isClosed).toBe(true);
  });
});
