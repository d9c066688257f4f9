import type { CommandContext } from "../../context.ts";
import { EXIT } from "../../exit-code.ts";
import type { Colours } from "../../output/colour.ts";
import { plural } from "../../output/quantity.ts";
import { gatherFacts } from "./cluster-facts.ts";
import type { Finding } from "./finding.ts";
import { type ClusterFacts, findingsOf, isHealthy } from "./findings.ts";

/** `zoolog doctor`: ends with 10 when something is wrong. */
export async function doctor(
  context: CommandContext,
  options: { readonly lag: number },
): Promise<void> {
  await context.withClient(async (client) => {
    const facts = await gatherFacts(context, client);
    const findings = findingsOf(facts, { lagMs: options.lag });
    const healthy = isHealthy(findings);
    const looked = lookedAt(facts);
    await context.output.one({ healthy, findings, looked }, (colours) => [
      verdict(findings, colours),
      `looked at ${looked}`,
      ...findings.flatMap((finding) => ["", ...findingLines(finding, colours)]),
    ]);
    if (!healthy) context.terminal.concludeWith(EXIT.unhealthy);
  });
}

function lookedAt({ brokers, groups, topics }: ClusterFacts): string {
  const partitions = topics.reduce((sum, topic) => sum + topic.partitions.length, 0);
  return [
    plural(brokers.length, "broker"),
    plural(topics.length, "topic"),
    plural(partitions, "partition"),
    plural(groups.length, "group"),
  ].join(", ");
}

function verdict(findings: readonly Finding[], { green, red, yellow }: Colours): string {
  const count = (severity: Finding["severity"]) =>
    findings.filter((finding) => finding.severity === severity).length;
  const [critical, warnings, notes] = [count("critical"), count("warning"), count("note")];
  const parts = [
    ...(critical === 0 ? [] : [`${critical} critical`]),
    ...(warnings === 0 ? [] : [plural(warnings, "warning")]),
    ...(notes === 0 ? [] : [plural(notes, "note")]),
  ].join(", ");
  if (critical > 0) return red(`unhealthy: ${parts}`);
  if (warnings > 0) return yellow(`unhealthy: ${parts}`);
  return green(`healthy${notes === 0 ? "" : `: ${parts}`}`);
}

function findingLines(
  { severity, todo, what, why }: Finding,
  { bold, dim, red, yellow }: Colours,
): string[] {
  const paint = severity === "critical" ? red : severity === "warning" ? yellow : dim;
  return [`${paint(severity)}  ${bold(what)}`, `  why: ${why}`, `  do:  ${todo}`];
}
