import type { CheckResult } from "./check.ts";

const SAYS = new Map<boolean | null, string>([
  [true, "yes"],
  [false, "**no**"],
  [null, "–"],
]);

/** The page of the docs, from what a run has seen. */
export function compatibilityTable(results: readonly CheckResult[]): string {
  const clients = unique(results.map(({ client, version }) => `${client} ${version}`));
  const checks = unique(results.map(({ check }) => check));
  const at = (client: string, check: string): CheckResult | undefined =>
    results.find((one) => `${one.client} ${one.version}` === client && one.check === check);
  const rows = clients.map((client) => {
    const cells = checks.map((check) => {
      const found = at(client, check);
      return found === undefined ? "" : (SAYS.get(found.ok) ?? "");
    });
    return `| ${client} | ${cells.join(" | ")} |`;
  });
  const notes = results
    .filter(({ ok }) => ok !== true)
    .map(
      ({ client, version, check, detail }) =>
        `- ${client} ${version}, ${check}: ${oneLine(detail)}`,
    );
  return `# Kafka clients that were tried

Written by \`npm run compat -- --write\`: each client as its registry gives it, against three brokers.
"–": not tried, the reason is below.

| client | ${checks.join(" | ")} |
| --- | ${checks.map(() => "---").join(" | ")} |
${rows.join("\n")}

${notes.length === 0 ? "Everything that was tried works." : `## Not tried, or not working\n\n${notes.join("\n")}`}
`;
}

function unique(list: readonly string[]): string[] {
  return [...new Set(list)];
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ");
}
