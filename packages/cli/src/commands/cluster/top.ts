import { sleep } from "@zoolog/base";
import type { Client } from "@zoolog/client";
import { systemClock, systemScheduler } from "@zoolog/host";
import type { CommandContext } from "../../context.ts";
import { brokerFacts } from "../broker/broker-facts.ts";
import { watch } from "../watch.ts";
import { type Look, topLines, topPicture } from "./top-frame.ts";

/** One picture for a program need not wait as long as a person looks. */
const SNAPSHOT_INTERVAL_MS_MAX = 2_000;
/** Lines of a picture that nobody scrolls. */
const SNAPSHOT_ROWS = 60;

/** `zoolog top` */
export async function top(
  context: CommandContext,
  options: { readonly interval: number },
): Promise<void> {
  const { output, terminal } = context;
  await context.withClient(async (client) => {
    let before = await look(context, client);
    if (!terminal.stdoutIsTty || !output.isForPeople) {
      const pauseMs = Math.min(options.interval, SNAPSHOT_INTERVAL_MS_MAX);
      await sleep(systemScheduler, pauseMs, terminal.signal);
      const picture = topPicture(before, await look(context, client));
      await output.one(picture, (colours) => topLines(picture, colours, SNAPSHOT_ROWS));
      return;
    }
    await watch(context, options.interval, async () => {
      const now = await look(context, client);
      const picture = topPicture(before, now);
      before = now;
      const rows = terminal.stdoutRows - 2;
      return [...topLines(picture, context.colours, rows), "", context.colours.dim("q ends it")];
    });
  });
}

async function look(context: CommandContext, client: Client): Promise<Look> {
  const { limits } = context;
  const { admin } = client;
  const cluster = await admin.describeCluster(limits);
  const [brokers, replicas, groups] = await Promise.all([
    brokerFacts(context, client, cluster),
    admin.describeReplicas(limits),
    admin.groups.list(limits),
  ]);
  const lags = await admin.groups.lags(groups, limits);
  return { at: systemClock.monotonic(), cluster, brokers, replicas, lags };
}
