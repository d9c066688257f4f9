import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { deferred } from "@zoolog/base";
import type { DevClusterOptions } from "@zoolog/broker";

/** What a broker process is to run: a whole development cluster, or one broker by its settings. */
export type BrokerProcessPlan =
  | { readonly kind: "dev"; readonly options: DevClusterOptions }
  | { readonly kind: "broker"; readonly settings: Readonly<Record<string, unknown>> };

export type BrokerProcessExit = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
};

/** What the process says on stdout once it serves. */
export type BrokerProcessReady = {
  readonly url: string;
  /** `host:port`, for a development cluster. */
  readonly zookeeper: string | undefined;
};

/** A broker in a process of its own: the one that can be killed. */
export type BrokerProcess = BrokerProcessReady & {
  readonly pid: number;
  /** Everything it has logged so far, a line each. */
  readonly log: readonly string[];
  readonly exited: Promise<BrokerProcessExit>;
  /** Sends the signal and waits until the process has gone. */
  kill(signal: NodeJS.Signals): Promise<BrokerProcessExit>;
};

/** A start on a loaded machine, with recovery; only a hang takes longer. */
const START_TIMEOUT_MS = 60_000;

const MAIN = `
  import { runBrokerProcess } from "@zoolog/testkit";
  await runBrokerProcess(JSON.parse(process.env.ZOOLOG_TEST_PLAN));
`;

/** Starts a broker process; resolves when it serves, rejects with its log when it ends before. */
export async function startBrokerProcess(plan: BrokerProcessPlan): Promise<BrokerProcess> {
  const child = spawn(
    process.execPath,
    ["--conditions=zoolog-source", "--import", "tsx", "--input-type=module", "--eval", MAIN],
    {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ZOOLOG_TEST_PLAN: JSON.stringify(plan) },
    },
  );
  const log = collectLines(child);
  const exited = exitOf(child);
  const ready = deferred<BrokerProcessReady>();
  const timer = setTimeout(() => ready.reject(notReady("in time", log)), START_TIMEOUT_MS);
  createInterface({ input: child.stdout }).once("line", (line) => {
    ready.resolve(JSON.parse(line) as BrokerProcessReady);
  });
  void exited.then(() => ready.reject(notReady("before its end", log)));
  const kill = (signal: NodeJS.Signals): Promise<BrokerProcessExit> => {
    child.kill(signal);
    return exited;
  };
  try {
    const { url, zookeeper } = await ready.promise;
    return { url, zookeeper, pid: child.pid ?? -1, log, exited, kill };
  } catch (error) {
    await kill("SIGKILL");
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function collectLines({ stderr }: ChildProcess): string[] {
  const lines: string[] = [];
  if (stderr !== null) createInterface({ input: stderr }).on("line", (line) => lines.push(line));
  return lines;
}

function exitOf(child: ChildProcess): Promise<BrokerProcessExit> {
  return new Promise((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
}

function notReady(when: string, log: readonly string[]): Error {
  return new Error(`the broker process was not ready ${when}:\n${log.join("\n")}`);
}
