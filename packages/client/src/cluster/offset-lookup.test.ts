import type { BrokerCalls } from "@zoolog/calls";
import { ManualTime, seededRandom } from "@zoolog/testkit";
import type { Cluster } from "./cluster.ts";
import { OffsetLookup } from "./offset-lookup.ts";

/** A lookup whose only broker answers with these partitions, whatever it is asked for. */
function lookUp(answers: readonly (readonly number[])[]) {
  const time = new ManualTime();
  const askedAt: number[] = [];
  const refreshed: string[] = [];
  const cluster = {
    topic: async () => ({ partitionCount: 2 }),
    leaderOf: () => ({ endpoint: "b1:1" }),
    refreshSoon: (topics: readonly string[]) => refreshed.push(...topics),
  };
  const calls = {
    call: async () => {
      askedAt.push(time.clock.monotonic());
      if (askedAt.length > 100) throw new Error("asked again and again");
      const named = answers[askedAt.length - 1] ?? answers.at(-1) ?? [];
      const partitions = named.map((partition) => ({ partition, offset: 7 }));
      return { topics: [{ topic: "t", partitions }] };
    },
  };
  const lookup = new OffsetLookup(
    { requestTimeoutMs: 1_000, backoffMs: 100, backoffMaxMs: 1_000 },
    {
      cluster: cluster as unknown as Cluster,
      calls: calls as unknown as BrokerCalls,
      clock: time.clock,
      scheduler: time.scheduler,
      random: seededRandom(1),
    },
  );
  const found = lookup.find("t", new Map([0, 1].map((p) => [p, "latest" as const])), {
    timeoutMs: 5_000,
  });
  found.catch(() => {});
  return { time, askedAt, refreshed, found };
}

test("a partition that the broker left out is asked for again, after a pause", async () => {
  const { time, askedAt, refreshed, found } = lookUp([[0], [1]]);

  await time.advanceAndSettle(1_000);

  expect([...(await found).keys()]).toEqual([0, 1]);
  expect(askedAt).toHaveLength(2);
  expect(askedAt[1]).toBeGreaterThan(askedAt[0]!);
  expect(refreshed).toEqual(["t"]);
});

test("a broker that never says a word on it is given up in time, by name", async () => {
  const { time, askedAt, found } = lookUp([[0]]);

  await time.advanceAndSettle(5_000);

  await expect(found).rejects.toMatchObject({ code: "REQUEST_TIMED_OUT" });
  expect(askedAt.length).toBeLessThan(50);
});
