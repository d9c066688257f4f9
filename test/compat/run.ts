/**
 * `npm run compat`: Kafka clients against Zoolog (README.md). Exit status 1 when a check failed; the last
 * line is the summary.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { understood } from "../command-line.ts";
import type { CheckResult } from "./check.ts";
import { CLIENTS, type CompatClient } from "./clients.ts";
import {
  type CompatCluster,
  foreignCluster,
  killableCluster,
  startApacheBrokers,
  startZoologBrokers,
} from "./cluster.ts";
import { KAFKA_TOOLS_NAME, tryTools } from "./kafka-tools/try-tools.ts";
import { type CompatCommand, parseCommand, USAGE } from "./options.ts";
import { printedResults } from "./printed-results.ts";
import { RequestRecorder } from "./request-recorder.ts";
import { compatibilityTable } from "./table.ts";
import { tryClient } from "./try-client.ts";

type RunCommand = Extract<CompatCommand, { kind: "run" }>;

const NAMES = [...CLIENTS.flatMap(namesOf), KAFKA_TOOLS_NAME];
const TABLE = "docs/kafka-compatibility.md";

process.exitCode = await run(
  understood("compat", () => parseCommand(process.argv.slice(2), NAMES)),
);

async function run(command: CompatCommand): Promise<number> {
  if (command.kind === "run") return await tryClients(command);
  if (command.kind === "help") console.log(USAGE);
  else if (command.kind === "write") {
    writeFileSync(TABLE, compatibilityTable(printedResults(command.files.map(readText))));
  } else for (const { name, version, language } of CLIENTS) console.log(name, version, language);
  return 0;
}

function readText(file: string): string {
  return readFileSync(file, "utf8");
}

async function tryClients(command: RunCommand): Promise<number> {
  const recorder = command.record === undefined ? undefined : new RequestRecorder();
  const cluster = await clusterOf(command, recorder);
  const results: CheckResult[] = [];
  const recorded: string[] = [];
  const note = (result: CheckResult): void => {
    console.log(JSON.stringify(result));
    results.push(result);
  };
  try {
    for (const client of CLIENTS) {
      if (!isChosen(client, command.clients)) continue;
      const options = { client, cluster, checks: command.checks };
      for await (const result of tryClient(options)) note(result);
      const requests = recorder?.take() ?? [];
      recorded.push(...requests.map((line) => `${client.name} ${client.version} ${line}\n`));
    }
    if (command.clients.length === 0 || command.clients.includes(KAFKA_TOOLS_NAME)) {
      for await (const result of tryTools(cluster, command.checks)) note(result);
    }
  } finally {
    await cluster.close();
    await recorder?.close();
  }
  if (command.record !== undefined) writeFileSync(command.record, gzipSync(recorded.join("")));
  if (command.write) writeFileSync(TABLE, compatibilityTable(results));
  const count = (ok: boolean | null): number => results.filter((one) => one.ok === ok).length;
  console.log(`${count(true)} passed, ${count(false)} failed, ${count(null)} not run`);
  return count(false) === 0 ? 0 : 1;
}

async function clusterOf(
  { target }: RunCommand,
  recorder: RequestRecorder | undefined,
): Promise<CompatCluster> {
  if (target.kind === "foreign") return foreignCluster(target.bootstrap);
  if (target.kind === "apache") {
    return killableCluster(`Apache Kafka ${target.line}`, await startApacheBrokers(target.line));
  }
  return killableCluster("three Zoolog brokers", await startZoologBrokers(recorder));
}

function isChosen(client: CompatClient, chosen: readonly string[]): boolean {
  return chosen.length === 0 || namesOf(client).some((name) => chosen.includes(name));
}

function namesOf({ name, version }: CompatClient): string[] {
  return [name, `${name}@${version}`];
}
