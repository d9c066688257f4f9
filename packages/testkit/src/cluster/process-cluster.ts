import { silentLogger } from "@zoolog/base";
import { hostDependencies } from "@zoolog/broker";
import { startZooKeeperServer, type ZooKeeperServer } from "@zoolog/zookeeper";
import { freeTcpPorts } from "../zookeeper/tcp-ports.ts";
import { type BrokerProcess, startBrokerProcess } from "./broker-process.ts";
import { callBroker, type NativeAnswer } from "./native-calls.ts";
import { type TemporaryFolder, temporaryFolder } from "./temporary-folder.ts";

export type ProcessClusterOptions = {
  /** Settings besides the ones that make it a cluster; three replicas for each partition. */
  readonly settings?: (id: number) => Readonly<Record<string, unknown>>;
};

const IDS = [1, 2, 3];

/**
 * Brokers 1, 2 and 3 as processes of their own, at an embedded ZooKeeper in the test's process: what
 * can be killed, frozen and started again, each by itself.
 */
export class ProcessCluster {
  readonly #options: ProcessClusterOptions;
  readonly #folder: TemporaryFolder;
  readonly #zookeeperPort: number;
  readonly #running = new Map<number, BrokerProcess>();
  #zookeeper: ZooKeeperServer | undefined;

  private constructor(
    options: ProcessClusterOptions,
    place: { readonly folder: TemporaryFolder; readonly zookeeperPort: number },
  ) {
    this.#options = options;
    this.#folder = place.folder;
    this.#zookeeperPort = place.zookeeperPort;
  }

  /** Resolves when every broker knows all of them; nothing stays after a failure. */
  static async start(options: ProcessClusterOptions = {}): Promise<ProcessCluster> {
    const [zookeeperPort] = (await freeTcpPorts(1)) as [number];
    const folder = await temporaryFolder();
    const cluster = new ProcessCluster(options, { folder, zookeeperPort });
    try {
      await cluster.startZooKeeper();
      await Promise.all(IDS.map((id) => cluster.start(id)));
      for (const id of IDS) {
        await cluster.until(id, "describe-cluster", {}, ({ body }) => {
          const { brokers } = body as { readonly brokers?: readonly unknown[] };
          return brokers?.length === IDS.length;
        });
      }
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  /** The brokers that run. */
  get ids(): number[] {
    return [...this.#running.keys()];
  }

  get urls(): string[] {
    return [...this.#running.values()].map(({ url }) => url);
  }

  broker(id: number): BrokerProcess {
    const broker = this.#running.get(id);
    if (broker === undefined) throw new Error(`broker ${id} does not run`);
    return broker;
  }

  async start(id: number): Promise<void> {
    const broker = await startBrokerProcess({
      kind: "broker",
      settings: {
        "broker.id": id,
        "data.dir": `${this.#folder.path}/broker-${id}`,
        "zookeeper.connect": `127.0.0.1:${this.#zookeeperPort}`,
        "default.replication.factor": IDS.length,
        "http.port": 0,
        "kafka.port": 0,
        ...this.#options.settings?.(id),
      },
    });
    this.#running.set(id, broker);
  }

  async kill(id: number): Promise<void> {
    await this.broker(id).kill("SIGKILL");
    this.#running.delete(id);
  }

  /** The process stands still, its sockets open, until `resume`. */
  freeze(id: number): void {
    process.kill(this.broker(id).pid, "SIGSTOP");
  }

  resume(id: number): void {
    process.kill(this.broker(id).pid, "SIGCONT");
  }

  /** At the same port, with what it had. */
  async startZooKeeper(): Promise<void> {
    this.#zookeeper = await startZooKeeperServer(
      { port: this.#zookeeperPort, dataFolder: `${this.#folder.path}/zookeeper` },
      hostDependencies({ logger: silentLogger }),
    );
  }

  async stopZooKeeper(): Promise<void> {
    await this.#zookeeper?.close();
    this.#zookeeper = undefined;
  }

  ask(id: number, call: string, request: unknown = {}): Promise<NativeAnswer> {
    return callBroker(this.broker(id).url, call, request);
  }

  /** Asks again until the answer is as wanted; only a hang keeps it from becoming so. */
  async until(
    id: number,
    call: string,
    request: unknown,
    isWanted: (answer: NativeAnswer) => boolean,
  ): Promise<NativeAnswer> {
    for (;;) {
      const answer = await this.ask(id, call, request);
      if (isWanted(answer)) return answer;
    }
  }

  async close(): Promise<void> {
    for (const id of this.ids) await this.kill(id);
    await this.stopZooKeeper();
    await this.#folder.remove();
  }
}
