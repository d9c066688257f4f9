import { acrossScales, heads, lasting, shuffled, wholeBelow } from "../../chance.ts";
import type { LinkQuality } from "../../network/simulated-network.ts";
import type { FaultContext } from "../fault-context.ts";
import { namesOf } from "../targets.ts";

/** Longer than every time limit there is. */
const LATENCY_MS_MAX = 30_000;

/**
 * Messages are late, and so overtake each other: everywhere, or on the ways from and to a few. No
 * message is delivered twice, because no connection does that. What a broker does get twice are requests
 * that their senders repeat, and every fault that delays or loses answers makes them.
 */
export async function latency(context: FaultContext): Promise<void> {
  const { random } = context;
  const longest = acrossScales(random, 1, LATENCY_MS_MAX);
  const least = heads(random) ? 0.05 : longest * random.next();
  const quality = { latencyMs: least, jitterMs: longest - least };
  const what = `latency of ${Math.round(least)} to ${Math.round(longest)} ms`;
  await bad(context, what, quality);
}

/** A part of the messages never arrives: who waits for an answer finds out by its own time limit. */
export async function loss(context: FaultContext): Promise<void> {
  const lossRate = acrossScales(context.random, 0.001, 0.5);
  const quality = { latencyMs: 0.05, jitterMs: 5 * context.random.next(), lossRate };
  await bad(context, `loss of ${(100 * lossRate).toFixed(1)} %`, quality);
}

async function bad(context: FaultContext, what: string, quality: LinkQuality): Promise<void> {
  const { world, random, wait, budget, disturbances } = context;
  const { network } = world;
  const everybody = [
    ...namesOf(world.hosts),
    ...namesOf(world.zookeeper.servers),
    ...namesOf(world.livingClients),
  ];
  const isEverywhere = random.next() < 0.3;
  const struck = isEverywhere
    ? everybody
    : shuffled(everybody, random).slice(0, 1 + wholeBelow(random, 3));
  if (!budget.mayStop(world.hosts.filter(({ name }) => struck.includes(name)))) return;
  const ms = lasting(random, 100, 20_000);
  const where = isEverywhere ? "everywhere" : `of ${struck.join(" ")}`;
  context.begin(`${what} ${where} for ${Math.round(ms)} ms`, struck);
  const isOver = disturbances.begin(struck);
  const undo = isEverywhere
    ? [network.setQuality(quality)]
    : struck.flatMap((name) =>
        everybody.flatMap((other) =>
          // Some ways stay good: then the bad one may be that from A to B and not the one back.
          [[name, other] as const, [other, name] as const]
            .filter(() => random.next() < 0.7)
            .map(([from, to]) => network.setQuality(quality, { from, to })),
        ),
      );
  await wait(ms);
  for (const one of undo) one();
  isOver();
}
