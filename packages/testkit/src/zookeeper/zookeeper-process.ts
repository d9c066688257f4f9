import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ZooKeeperInstallation } from "./zookeeper-installation.ts";

const JVM_ARGUMENTS = [
  "-Djava.net.preferIPv4Stack=true",
  "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
];
/** Small and quick to start: some 65 MB each. */
const SMALL_JVM_ARGUMENTS = [
  "-Xmx128m",
  "-XX:+UseSerialGC",
  "-XX:TieredStopAtLevel=1",
  // The transaction log is not blown up to 64 MB before the first write.
  "-Dzookeeper.preAllocSize=1024",
];
/** As `zkServer.sh` starts it: its heap, and whatever else the JVM takes for good. */
const OPERATED_JVM_ARGUMENTS = ["-Xmx1000m"];
const MAIN_CLASS = "org.apache.zookeeper.server.quorum.QuorumPeerMain";

/** Makes the kernel end the server when this process dies without a chance to do it itself. */
const SETPRIV = "/usr/bin/setpriv";

const LOG_TAIL_CHARACTERS = 2_000;

export type ZooKeeperProcessOptions = {
  readonly installation: ZooKeeperInstallation;
  /** Holds `zoo.cfg`; the log goes there too. */
  readonly folder: string;
  /** False: no fsync of the transaction log. Faster; for tests that cut no power. */
  readonly fsync: boolean;
  /** Small and quick to start, but slow; or as operators run it. */
  readonly jvm: "small" | "operated";
  /** What the process is started by: `ip netns exec …`. */
  readonly prefix: readonly string[];
};

/** One ZooKeeper server as a Java process. */
export class ZooKeeperProcess {
  readonly #options: ZooKeeperProcessOptions;
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();

  constructor(options: ZooKeeperProcessOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  start(): void {
    const { installation, folder, fsync, jvm, prefix } = this.#options;
    const command = [
      ...prefix,
      ...(existsSync(SETPRIV) ? [SETPRIV, "--pdeathsig", "KILL"] : []),
      installation.java,
      ...JVM_ARGUMENTS,
      ...(jvm === "small" ? SMALL_JVM_ARGUMENTS : OPERATED_JVM_ARGUMENTS),
      `-Dzookeeper.forceSync=${fsync ? "yes" : "no"}`,
      ...["-cp", installation.classpath, MAIN_CLASS, join(folder, "zoo.cfg")],
    ];
    const log = openSync(this.#logFile, "a");
    const [program = "java", ...args] = command;
    const child = spawn(program, args, { stdio: ["ignore", log, log] });
    closeSync(log);
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      const ended = (): void => {
        this.#child = undefined;
        resolve();
      };
      child.once("exit", ended);
      child.once("error", ended);
    });
  }

  /** SIGSTOP: sockets stay open, nothing answers. */
  pause(): void {
    this.#child?.kill("SIGSTOP");
  }

  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  /** SIGKILL. Resolves when the process is gone. */
  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#exited;
  }

  /** SIGKILL without waiting: for the exit of this process. */
  killNow(): void {
    this.#child?.kill("SIGKILL");
  }

  /** The end of the server's log, for messages. */
  logTail(): string {
    if (!existsSync(this.#logFile)) return "";
    return readFileSync(this.#logFile, "utf8").slice(-LOG_TAIL_CHARACTERS);
  }

  get #logFile(): string {
    return join(this.#options.folder, "server.log");
  }
}
