import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Makes the kernel end the broker when this process dies without a chance to do it itself. */
const SETPRIV = "/usr/bin/setpriv";

export type ChaosBrokerOptions = {
  readonly brokerId: number;
  /** Where `packages/` stands: this repository, or a copy with a mutation. */
  readonly build: string;
  readonly folder: string;
  readonly host: string;
  readonly httpPort: number;
  /** A fixed one: a Kafka client goes on asking where it was told once. */
  readonly kafkaPort: number;
  readonly zookeeperConnect: string;
  readonly settings: Readonly<Record<string, string | number>>;
  /** What the process is started by: `ip netns exec …`. */
  readonly prefix: readonly string[];
};

/** What a start of a broker has besides its options. */
export type Launch = {
  /** What the process is started by, behind its namespace: it must keep its process id. */
  readonly prefix?: readonly string[];
  readonly zookeeperConnect?: string;
  readonly settings?: Readonly<Record<string, string | number>>;
};

export type BrokerExit = { readonly code: number | null; readonly signal: string | null };

/** One broker as operators run it: `zoolog broker` in a process of its own. */
export class ChaosBroker {
  readonly brokerId: number;
  readonly url: string;
  readonly dataFolder: string;
  readonly #options: ChaosBrokerOptions;
  #child: ChildProcess | undefined;
  #exited: Promise<BrokerExit> = Promise.resolve({ code: 0, signal: null });
  #expectsEnd = false;
  /** For the starts from now on. */
  launch: Launch = {};
  /** Ends that nobody asked for, one line each. */
  readonly unexpectedExits: string[] = [];

  constructor(options: ChaosBrokerOptions) {
    this.#options = options;
    this.brokerId = options.brokerId;
    this.url = `http://${options.host}:${options.httpPort}`;
    this.dataFolder = join(options.folder, `broker-${options.brokerId}`);
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** @throws Error when it does not run. */
  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`broker ${this.brokerId} does not run`);
    return pid;
  }

  get port(): number {
    return this.#options.httpPort;
  }

  /** Where Kafka clients find it, `host:port`. */
  get kafkaAddress(): string {
    return `${this.#options.host}:${this.#options.kafkaPort}`;
  }

  get logFile(): string {
    return `${this.dataFolder}.log`;
  }

  start(): void {
    const { build, brokerId, host, httpPort, kafkaPort, prefix } = this.#options;
    const zookeeperConnect = this.launch.zookeeperConnect ?? this.#options.zookeeperConnect;
    const settings = { ...this.#options.settings, ...this.launch.settings };
    const flags = [
      ...["--broker-id", String(brokerId), "--data", this.dataFolder],
      ...["--zookeeper", zookeeperConnect],
      ...["--http-host", host, "--http-port", String(httpPort)],
      ...["--kafka-port", String(kafkaPort)],
      ...Object.entries(settings).flatMap(([name, value]) => ["--set", `${name}=${value}`]),
    ];
    const cli = join(build, "packages/cli/bin/zoolog.js");
    const command = [
      ...prefix,
      ...(this.launch.prefix ?? []),
      ...(existsSync(SETPRIV) ? [SETPRIV, "--pdeathsig", "KILL"] : []),
      ...[process.execPath, cli, "broker", ...flags],
    ];
    appendFileSync(this.logFile, `${JSON.stringify({ started: new Date().toISOString() })}\n`);
    const log = openSync(this.logFile, "a");
    const [program = "node", ...args] = command;
    const child = spawn(program, args, { stdio: ["ignore", log, log] });
    closeSync(log);
    this.#child = child;
    this.#expectsEnd = false;
    this.#exited = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        if (!this.#expectsEnd) {
          this.unexpectedExits.push(`broker ${brokerId} ended by itself: ${code ?? signal}`);
        }
        this.#child = undefined;
        resolve({ code, signal });
      });
    });
  }

  /** SIGKILL. Resolves when the process is gone. */
  kill(): Promise<BrokerExit> {
    return this.#end("SIGKILL");
  }

  /** SIGTERM: an ordered shutdown, with controlled movement of leaders. */
  async terminate(): Promise<void> {
    const { code } = await this.#end("SIGTERM");
    if (code === 0) return;
    this.unexpectedExits.push(`broker ${this.brokerId} ended an ordered shutdown with ${code}`);
  }

  /** SIGSTOP: sockets stay open, nothing answers. */
  pause(): void {
    this.#child?.kill("SIGSTOP");
  }

  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  /** Says that it serves, by its own health check. */
  async isReady(): Promise<boolean> {
    return (await this.answers())?.ok === true;
  }

  /** What it says about its health, ready or not; nothing while nobody listens. */
  async answers(): Promise<Response | undefined> {
    try {
      return await fetch(`${this.url}/health/ready`, { signal: AbortSignal.timeout(1_000) });
    } catch {
      return undefined;
    }
  }

  logTail(lines: number): string {
    if (!existsSync(this.logFile)) return "";
    return readFileSync(this.logFile, "utf8").split("\n").slice(-lines).join("\n");
  }

  async #end(signal: NodeJS.Signals): Promise<BrokerExit> {
    this.#expectsEnd = true;
    // A paused process does not notice SIGTERM.
    this.#child?.kill("SIGCONT");
    this.#child?.kill(signal);
    return this.#exited;
  }
}
