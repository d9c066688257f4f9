import type { CheckResult } from "./check.ts";
import { KAFKA_TOOLS_NAME } from "./kafka-tools/try-tools.ts";

const SAYS = new Map<boolean | null, string>([
  [true, "yes"],
  [false, "**no**"],
  [null, "–"],
]);
/** One check for each codec; one column for all of them. */
const CODEC_CHECK = /^produce (\w+)$/;

/** The page of the docs, from what runs have seen. */
export function compatibilityTable(results: readonly CheckResult[]): string {
  const clients = results.filter(({ client }) => client !== KAFKA_TOOLS_NAME);
  const tools = results.filter(({ client }) => client === KAFKA_TOOLS_NAME);
  return `# Kafka clients that were tried

Written by \`npm run compat -- --write\`: each client as its registry gives it, against three brokers.
"yes": does what [test/compat](../test/compat/README.md) asks of it and every answer is as it should be.
"–": not tried, or the client is like that; the reason is below. Records have keys, headers, tombstones and
empty values; in a group a second member joins and leaves; the leader is killed with SIGKILL.

## Clients

${clientTable(clients)}

## Kafka's command-line tools

${toolTable(tools)}

## Not tried, or not working

${notes(results)}
`;
}

function clientTable(results: readonly CheckResult[]): string {
  const checks = unique(results.map(({ check }) => check)).filter((one) => !CODEC_CHECK.test(one));
  const rows = unique(results.map(nameOf)).map((name) => {
    const own = results.filter((one) => nameOf(one) === name);
    return [name, codecs(own), ...checks.map((check) => cell(own, check))];
  });
  return table([["client", "produces, reads", ...checks], ...rows]);
}

function toolTable(results: readonly CheckResult[]): string {
  const versions = unique(results.map(({ version }) => version));
  const rows = unique(results.map(({ check }) => check)).map((check) => {
    const of = (version: string) => results.filter((one) => one.version === version);
    return [check, ...versions.map((version) => cell(of(version), check))];
  });
  return table([["tool", ...versions], ...rows]);
}

/** The codecs that work, and bold the ones that do not. */
function codecs(results: readonly CheckResult[]): string {
  const tried = results.flatMap(({ check, ok }) => {
    const codec = CODEC_CHECK.exec(check)?.[1];
    return codec === undefined || ok === null ? [] : [ok ? codec : `**not ${codec}**`];
  });
  return tried.length === 0 ? "–" : tried.join(", ");
}

function cell(results: readonly CheckResult[], check: string): string {
  const found = results.find((one) => one.check === check);
  return found === undefined ? "" : (SAYS.get(found.ok) ?? "");
}

function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const lines = [head, head.map(() => "---"), ...body];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** One line for each client and reason. */
function notes(results: readonly CheckResult[]): string {
  const checks = new Map<string, string[]>();
  for (const result of results) {
    if (result.ok === true) continue;
    const detail = result.detail.replace(/^has no [a-z-]+$/, "has no call for it");
    const reason = `${nameOf(result)}: ${detail.replaceAll(/\s+/g, " ")}`;
    checks.set(reason, [...(checks.get(reason) ?? []), result.check]);
  }
  if (checks.size === 0) return "Nothing.";
  return [...checks].map(([reason, which]) => `- ${reason} (${which.join("; ")})`).join("\n");
}

function nameOf({ client, version }: CheckResult): string {
  return `${client} ${version}`;
}

function unique(list: readonly string[]): string[] {
  return [...new Set(list)];
}
