import { Agent, request } from "node:http";
import { brokerEpoch, brokerId, type Machine, silentLogger } from "@zoolog/base";
import { Broker, hostDependencies, parseBrokerConfig } from "@zoolog/broker";
import { encodeMessage } from "@zoolog/protocol";
import { ManualTime, MemoryEnsemble, SimulatedDisk, seededRandom } from "@zoolog/testkit";
import { BrokerCredentials } from "../../../packages/broker/src/broker-credential.ts";
import {
  decodeBrokerSecret,
  decodeClusterId,
} from "../../../packages/coordination/src/znodes/id-znodes.ts";
import { mustHold } from "../fuzz-target.ts";

const READY_TIMEOUT_MS = 30_000;

export type Question = {
  readonly method: string;
  readonly path: string;
  readonly body?: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly patienceMs?: number;
};

export type Answer = { readonly status: number | undefined; readonly body: Buffer };

const MACHINE: Machine = {
  pid: 100,
  usage: () => ({ residentBytes: 0, heapBytes: 0, eventLoopDelayMs: undefined }),
  bootId: async () => "boot",
  processIdentity: async (pid) => (pid === 100 ? "broker" : undefined),
  folderIdentity: async (path) => path,
};

/** A real broker behind real sockets; its disk and its ZooKeeper are in memory. */
export class FuzzedBroker {
  readonly disk: SimulatedDisk;
  readonly port: number;
  /** What proves that a caller is a broker of this cluster: this one itself. */
  readonly credential: string;
  readonly #broker: Broker;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 });

  private constructor(broker: Broker, disk: SimulatedDisk, credential: string) {
    this.#broker = broker;
    this.disk = disk;
    this.port = broker.address.port;
    this.credential = credential;
  }

  static async start(): Promise<FuzzedBroker> {
    const disk = new SimulatedDisk({}, { random: seededRandom(1) });
    const ensemble = new MemoryEnsemble({}, new ManualTime());
    const settings = {
      ...{ "broker.id": 1, "data.dir": "/data", "zookeeper.connect": "in-memory:1" },
      ...{ "http.port": 0, "kafka.port": 0, "shutdown.timeout.ms": 0 },
    };
    const broker = await Broker.start(parseBrokerConfig([{ from: "fuzzing", settings }]), {
      ...hostDependencies({ logger: silentLogger }),
      fileSystem: disk.mount(),
      machine: MACHINE,
      connectZooKeeper: () => ensemble.connect("broker"),
    });
    mustHold(await broker.ready(READY_TIMEOUT_MS), "the broker is ready");
    const started = new FuzzedBroker(broker, disk, await credentialIn(ensemble));
    const { status } = await started.call("create-topics", {
      topics: [{ topic: "orders", numPartitions: 2 }],
    });
    mustHold(status === 200, "a topic is there");
    return started;
  }

  /** A good client's call. */
  call(name: string, body: object): Promise<Answer> {
    return this.ask({ method: "POST", path: `/v1/${name}`, body: message(body) });
  }

  /** `undefined` as the answer's status: none within the patience, or the connection was cut. */
  ask(question: Question): Promise<Answer> {
    const { method, path, body = Buffer.alloc(0), headers = {}, patienceMs = 10_000 } = question;
    const { port } = this;
    const own = { "content-type": "application/msgpack", "content-length": body.length };
    return new Promise((resolve) => {
      const options = { port, host: "127.0.0.1", method, path, agent: this.#agent };
      const asked = request({ ...options, headers: { ...own, ...headers } }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", () => resolve({ status: undefined, body: Buffer.alloc(0) }));
        response.on("end", () => {
          resolve({ status: response.statusCode, body: Buffer.concat(chunks) });
        });
      });
      const timer = setTimeout(() => asked.destroy(), patienceMs);
      asked.on("close", () => clearTimeout(timer));
      asked.on("error", () => resolve({ status: undefined, body: Buffer.alloc(0) }));
      asked.end(body);
    });
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    await this.#broker.close();
  }
}

async function credentialIn(ensemble: MemoryEnsemble): Promise<string> {
  const session = await ensemble.connect("spy");
  const secret = decodeBrokerSecret((await session.getData("/cluster/broker_secret")).data);
  const { stat } = await session.getData("/brokers/ids/1");
  const clusterId = decodeClusterId((await session.getData("/cluster/id")).data);
  await session.close();
  const { clock } = new ManualTime();
  const credentials = new BrokerCredentials({ clusterId, secret }, { clock, logger: silentLogger });
  return credentials.of({ brokerId: brokerId(1), brokerEpoch: brokerEpoch(stat.czxid) });
}

const message = (value: unknown): Buffer => Buffer.from(encodeMessage(value));
