import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freeTcpPorts, startZooKeeperEnsemble, type ZooKeeperEnsemble } from "@zoolog/testkit";
import { JavaProcess } from "./java-process.ts";
import type { KafkaRelease } from "./kafka-release.ts";
import { runKafkaTool } from "./kafka-tools.ts";
import { untilBrokersKnown } from "./metadata-probe.ts";

export type ApacheKafkaOptions = {
  readonly release: KafkaRelease;
  readonly brokers: 1 | 3;
  /** Settings of every broker besides addresses, folders and ids; the rest are Kafka's defaults. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
};

type Member = {
  readonly id: number;
  readonly port: number;
  readonly folder: string;
  process: JavaProcess | undefined;
};

/** What `kafka-server-start.sh` and `kafka-run-class.sh` give a broker. */
const BROKER_JVM = [
  "-Xms1G",
  "-Xmx1G",
  "-server",
  "-XX:+UseG1GC",
  "-XX:MaxGCPauseMillis=20",
  "-XX:InitiatingHeapOccupancyPercent=35",
  "-XX:+ExplicitGCInvokesConcurrent",
  "-Djava.awt.headless=true",
];
const START_MS_MAX = 120_000;
/** ZooKeeper's default: a shorter one would not give Kafka the 18 s session that it asks for. */
const ZOOKEEPER_TICK_MS = 2_000;
/** Kafka 4 stands alone: one process is the controller of brokers 1, 2 and 3. */
const CONTROLLER_ID = 100;
/** Any will do; `kafka-storage.sh random-uuid` would make such a one. */
const CLUSTER_ID = "MkU3OEVBNTcwNTJENDM2Qg";

/**
 * Real Apache Kafka on 127.0.0.1 as plain Java processes: 3.9 at a ZooKeeper of its own, 4.x with a
 * controller process beside its brokers (one broker is its own controller). Data goes with it.
 */
export class ApacheKafka {
  readonly #options: ApacheKafkaOptions;
  readonly #folder: string;
  readonly #members: readonly Member[];
  readonly #controller: Member | undefined;
  readonly #controllerPort: number;
  readonly #onExit: () => void;
  #zookeeper: ZooKeeperEnsemble | undefined;

  private constructor(options: ApacheKafkaOptions, ports: readonly number[]) {
    const [controllerPort = 0, controllerDataPort = 0, ...brokerPorts] = ports;
    const isApart = options.release.line === "4" && options.brokers > 1;
    this.#options = options;
    this.#folder = mkdtempSync(join(tmpdir(), "zoolog-kafka-"));
    this.#controllerPort = controllerPort;
    this.#members = brokerPorts.map((port, index) => this.#member(index + 1, port));
    this.#controller = isApart ? this.#member(CONTROLLER_ID, controllerDataPort) : undefined;
    this.#onExit = () => {
      for (const { process } of this.#all) process?.killNow();
      rmSync(this.#folder, { recursive: true, force: true });
    };
    process.once("exit", this.#onExit);
  }

  /** Resolves when every broker knows all of them; rejects with the end of the logs. */
  static async start(options: ApacheKafkaOptions): Promise<ApacheKafka> {
    const kafka = await ApacheKafka.prepare(options);
    try {
      kafka.#startController();
      for (const { id } of kafka.#members) kafka.startBroker(id);
      for (const { id } of kafka.#members) await kafka.untilServing(id);
      return kafka;
    } catch (error) {
      await kafka.close();
      throw error;
    }
  }

  /** With ZooKeeper, folders and formatted storage, but no broker running yet. */
  static async prepare(options: ApacheKafkaOptions): Promise<ApacheKafka> {
    const kafka = new ApacheKafka(options, await freeTcpPorts(options.brokers + 2));
    try {
      if (options.release.line === "3.9") {
        kafka.#zookeeper = await startZooKeeperEnsemble({
          servers: 1,
          jvm: "operated",
          tickTimeMs: ZOOKEEPER_TICK_MS,
        });
      }
      for (const member of kafka.#all) await kafka.#prepareFolder(member);
      return kafka;
    } catch (error) {
      await kafka.close();
      throw error;
    }
  }

  /** `host:port,…` of all brokers. */
  get bootstrap(): string {
    return this.#members.map(({ port }) => `127.0.0.1:${port}`).join();
  }

  get ids(): number[] {
    return this.#members.map(({ id }) => id);
  }

  port(id: number): number {
    return this.#broker(id).port;
  }

  pid(id: number): number {
    return this.#broker(id).process?.pid ?? -1;
  }

  /** The folder of its logs. */
  dataFolder(id: number): string {
    return join(this.#broker(id).folder, "data");
  }

  startBroker(id: number): void {
    this.#startProcess(this.#broker(id));
  }

  /** Resolves when it knows as many brokers as there are. */
  async untilServing(id: number): Promise<void> {
    const { port } = this.#broker(id);
    const deadline = Date.now() + START_MS_MAX;
    const isOver = (): boolean => Date.now() > deadline || this.#all.some(hasEnded);
    if (await untilBrokersKnown(port, this.#members.length, isOver)) return;
    const tails = this.#all.map((member) => `${member.id}: ${member.process?.logTail()}`);
    throw new Error(`Apache Kafka ${this.#options.release.version} did not start\n${tails.join()}`);
  }

  /** SIGKILL. 3.9 does not start again before ZooKeeper has given its old session up (18 s). */
  async kill(id: number): Promise<void> {
    const member = this.#broker(id);
    await member.process?.kill();
    member.process = undefined;
  }

  /** SIGTERM: leaderships are handed over first. */
  async stop(id: number): Promise<void> {
    const member = this.#broker(id);
    await member.process?.stop();
    member.process = undefined;
  }

  /** Kills what runs and removes what is on the disk. */
  async close(): Promise<void> {
    process.off("exit", this.#onExit);
    await Promise.all(this.#all.map((member) => member.process?.kill()));
    await this.#zookeeper?.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #all(): Member[] {
    return this.#controller === undefined
      ? [...this.#members]
      : [this.#controller, ...this.#members];
  }

  #member(id: number, port: number): Member {
    return { id, port, folder: join(this.#folder, `${id}`), process: undefined };
  }

  #broker(id: number): Member {
    const member = this.#members.find((one) => one.id === id);
    if (member === undefined) throw new Error(`there is no broker ${id}`);
    return member;
  }

  #startController(): void {
    if (this.#controller !== undefined) this.#startProcess(this.#controller);
  }

  #startProcess(member: Member): void {
    const { classpath } = this.#options.release;
    const jvm = [...BROKER_JVM, ...this.#loggingOf(member)];
    const args = [join(member.folder, "server.properties")];
    member.process = JavaProcess.start(
      { classpath, main: "kafka.Kafka", args, jvm },
      join(member.folder, "server.log"),
    );
  }

  #loggingOf({ folder }: Member): string[] {
    return this.#options.release.line === "3.9"
      ? [`-Dlog4j.configuration=file:${join(folder, "log4j.properties")}`]
      : [`-Dlog4j2.configurationFile=${join(folder, "log4j2.properties")}`];
  }

  async #prepareFolder(member: Member): Promise<void> {
    const { release, settings = {} } = this.#options;
    mkdirSync(join(member.folder, "data"), { recursive: true });
    writeFileSync(join(member.folder, "log4j.properties"), LOG4J);
    writeFileSync(join(member.folder, "log4j2.properties"), LOG4J2);
    const properties = {
      ...(release.line === "3.9" ? this.#zookeeperSettings(member) : this.#kraftSettings(member)),
      "log.dirs": join(member.folder, "data"),
      "offsets.topic.replication.factor": this.#members.length,
      "transaction.state.log.replication.factor": this.#members.length,
      ...settings,
    };
    const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}`);
    const file = join(member.folder, "server.properties");
    writeFileSync(file, `${lines.join("\n")}\n`);
    if (release.line === "3.9") return;
    const args = ["format", "--cluster-id", CLUSTER_ID, "--config", file];
    const { exitCode, stdout, stderr } = await runKafkaTool(release, "storage", args);
    if (exitCode !== 0) throw new Error(`kafka-storage format: ${stdout}${stderr}`);
  }

  #zookeeperSettings({ id, port }: Member): Record<string, string | number> {
    return {
      "broker.id": id,
      listeners: `PLAINTEXT://127.0.0.1:${port}`,
      "zookeeper.connect": `${this.#zookeeper?.connectString}/kafka`,
    };
  }

  #kraftSettings({ id, port }: Member): Record<string, string | number> {
    const broker = `PLAINTEXT://127.0.0.1:${port}`;
    const controller = `CONTROLLER://127.0.0.1:${this.#controllerPort}`;
    const isApart = this.#controller !== undefined || id === CONTROLLER_ID;
    const roles = isApart
      ? [id === CONTROLLER_ID ? "controller" : "broker"]
      : ["broker", "controller"];
    const listeners = [
      ...(roles.includes("broker") ? [broker] : []),
      ...(roles.includes("controller") ? [controller] : []),
    ];
    const voter = isApart ? CONTROLLER_ID : id;
    return {
      "node.id": id,
      "process.roles": roles.join(),
      listeners: listeners.join(),
      "controller.listener.names": "CONTROLLER",
      "controller.quorum.voters": `${voter}@127.0.0.1:${this.#controllerPort}`,
    };
  }
}

function hasEnded({ process }: Member): boolean {
  return process !== undefined && !process.isRunning;
}

const LOG4J = `log4j.rootLogger=INFO, stdout
log4j.appender.stdout=org.apache.log4j.ConsoleAppender
log4j.appender.stdout.layout=org.apache.log4j.PatternLayout
log4j.appender.stdout.layout.ConversionPattern=[%d] %p %m (%c)%n
`;
const LOG4J2 = `rootLogger.level=INFO
rootLogger.appenderRef.stdout.ref=STDOUT
appender.stdout.type=Console
appender.stdout.name=STDOUT
appender.stdout.layout.type=PatternLayout
appender.stdout.layout.pattern=[%d] %p %m (%c)%n
`;
