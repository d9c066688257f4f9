import { lasting, shuffled } from "../../chance.ts";
import type { FaultContext } from "../fault-context.ts";

/** Those whose pauses nobody has to know of; members of groups stand still by the word of their workload. */
const PAUSED = /^(producer|plain|recreated|reader)/;

/**
 * A client that stands still, for up to half a minute, and goes on as if nothing had been. That clients
 * die is a part of the workloads: others take their place there, and the history says who is gone.
 */
export async function pauseClient(context: FaultContext): Promise<void> {
  const { world, random, wait } = context;
  const [process] = shuffled(world.livingClients, random).filter(
    ({ name, isPaused }) => PAUSED.test(name) && !isPaused,
  );
  if (process === undefined) return;
  const ms = lasting(random, 100, 30_000);
  context.begin(`pause ${process.name} for ${Math.round(ms)} ms`, [process.name]);
  process.pause();
  await wait(ms);
  process.resume();
}
