import type { Client, GroupLag } from "@zoolog/client";
import { systemClock } from "@zoolog/host";
import type { CommandContext } from "../../context.ts";
import { humanCount, humanDuration } from "../../output/quantity.ts";
import { sparkline } from "../../output/sparkline.ts";
import { usageError } from "../../usage-error.ts";
import { watch } from "../watch.ts";
import { aboutGroups } from "./group-meant.ts";
import { lagLines, lagsLines } from "./lag-rows.ts";
import { withMissed } from "./missed-records.ts";

export type LagOptions = { readonly watch: boolean; readonly interval: number };

/** Five minutes at the usual pace, and never wider than a terminal. */
const HISTORY_MAX = 150;
const SPARKLINE_COLUMNS = 60;

/** `zoolog group lag [GROUP…] [--watch]`: without names all groups, a line each. */
export async function groupLag(
  context: CommandContext,
  groups: readonly string[],
  options: LagOptions,
): Promise<void> {
  const { output } = context;
  if (
    options.watch &&
    (output.format === "json" || output.format === "yaml" || output.format === "csv")
  ) {
    throw usageError(
      `--watch and -o ${output.format} exclude each other`,
      "Use -o ndjson: a line per group and look.",
    );
  }
  await context.withClient(async (client) => {
    const look = async () => (await lagsOf(context, client, groups)).map(withMissed);
    const people = (lags: readonly GroupLag[], bold: (text: string) => string): string[] => {
      const [only] = lags;
      return groups.length === 1 && only !== undefined
        ? lagLines(only, output, bold)
        : lagsLines(lags, output, bold);
    };
    if (!options.watch) {
      const lags = await look();
      await output.list(lags, ({ bold }) => people(lags, bold));
      if (lags.length === 0) context.terminal.talk("no groups");
      return;
    }
    const history = new LagHistory();
    await watch(context, options.interval, async () => {
      const lags = await look();
      if (output.format === "name") return lags.map(({ group }) => group);
      if (!output.isForPeople) return lags.map((lag) => JSON.stringify(lag));
      history.add(
        lags.reduce((sum, { lag }) => sum + lag, 0),
        systemClock.monotonic(),
      );
      return [
        `every ${humanDuration(options.interval)}, ${new Date(systemClock.now()).toISOString()}; Ctrl-C or q ends it`,
        "",
        ...people(lags, context.colours.bold),
        "",
        ...history.lines(),
      ];
    });
  });
}

async function lagsOf(
  context: CommandContext,
  client: Client,
  groups: readonly string[],
): Promise<GroupLag[]> {
  const { limits } = context;
  const { admin } = client;
  if (groups.length > 0) {
    return await aboutGroups(context, client, groups, () =>
      Promise.all(groups.map((group) => admin.groups.lag(group, limits))),
    );
  }
  return await admin.groups.lags(await admin.groups.list(limits), limits);
}

/** The sum of all lags over time: where it goes, and when it may be gone. */
export class LagHistory {
  readonly #looks: { readonly lag: number; readonly at: number }[] = [];

  add(lag: number, at: number): void {
    this.#looks.push({ lag, at });
    if (this.#looks.length > HISTORY_MAX) this.#looks.shift();
  }

  lines(): string[] {
    const lags = this.#looks.map(({ lag }) => lag);
    const bars = sparkline(lags, SPARKLINE_COLUMNS);
    return [`lag ${humanCount(lags.at(-1) ?? 0)}  ${bars}`, this.#trend()];
  }

  #trend(): string {
    const [first] = this.#looks;
    const last = this.#looks.at(-1);
    if (first === undefined || last === undefined || first === last) return "";
    const perSecond = (last.lag - first.lag) / Math.max(0.001, (last.at - first.at) / 1_000);
    if (last.lag === 0) return "caught up";
    if (Math.abs(perSecond) < 0.5) return "steady";
    if (perSecond > 0) return `grows by ${humanCount(perSecond)} records/s`;
    const leftMs = (last.lag / -perSecond) * 1_000;
    return `shrinks by ${humanCount(-perSecond)} records/s, caught up in ${humanDuration(leftMs)}`;
  }
}
