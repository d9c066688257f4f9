import type { ServerCore } from "../server-core.ts";

export type FourLetterContext = {
  readonly core: ServerCore;
  readonly clients: readonly { address: string; received: number; sent: number; queued: number }[];
  readonly configuration: readonly (readonly [key: string, value: string | number])[];
};

const VERSION = "3.8.0-zoolog-embedded";

/** Those that ZooKeeper 3.8 knows besides the ones that are answered here. */
const NOT_WHITELISTED = new Set(
  "cons crst dirs dump envi gtmk hash isro srst stmk wchc wchp wchs".split(" "),
);

const ANSWERS: Readonly<Record<string, (context: FourLetterContext) => string>> = {
  ruok: () => "imok",
  srvr: (context) => lines([`Zookeeper version: ${VERSION}`, ...serverLines(context)]),
  stat: (context) =>
    lines([
      `Zookeeper version: ${VERSION}`,
      "Clients:",
      ...context.clients.map(
        ({ address, queued, received, sent }) =>
          ` /${address}[1](queued=${queued},recved=${received},sent=${sent})`,
      ),
      "",
      ...serverLines(context),
    ]),
  conf: ({ configuration }) => lines(configuration.map(([key, value]) => `${key}=${value}`)),
  mntr: (context) => lines(monitored(context).map(([key, value]) => `zk_${key}\t${value}`)),
};

/** The answer to what an operator sends with `echo ruok | nc`; nothing when it is no such word. */
export function answerFourLetterWord(word: string, context: FourLetterContext): string | undefined {
  if (NOT_WHITELISTED.has(word)) {
    return `${word} is not executed because it is not in the whitelist.\n`;
  }
  return Object.hasOwn(ANSWERS, word) ? ANSWERS[word]?.(context) : undefined;
}

function serverLines({ core, clients }: FourLetterContext): string[] {
  const { latencyMs, received, sent } = core.statistics;
  return [
    `Latency min/avg/max: ${latencyMs.min}/${decimal(latencyMs.average)}/${latencyMs.max}`,
    `Received: ${received}`,
    `Sent: ${sent}`,
    `Connections: ${clients.length}`,
    `Outstanding: ${core.outstanding}`,
    `Zxid: 0x${core.appliedZxid.toString(16)}`,
    "Mode: standalone",
    `Node count: ${core.tree.znodeCount}`,
  ];
}

function monitored({ core, clients }: FourLetterContext): [string, string | number][] {
  const { latencyMs, received, sent } = core.statistics;
  return [
    ["version", VERSION],
    ["server_state", "standalone"],
    ["avg_latency", decimal(latencyMs.average)],
    ["min_latency", latencyMs.min],
    ["max_latency", latencyMs.max],
    ["packets_received", received],
    ["packets_sent", sent],
    ["num_alive_connections", clients.length],
    ["outstanding_requests", core.outstanding],
    ["znode_count", core.tree.znodeCount],
    ["watch_count", core.watchCount],
    ["ephemerals_count", core.tree.ephemeralCount],
    ["global_sessions", core.sessionCount],
  ];
}

/** As Java prints a double: `0.0`. */
function decimal(value: number): string {
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join("");
}
