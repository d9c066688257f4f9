import { serde, topic, ZoologError } from "@zoolog/client";
import type { ChaosCluster } from "../chaos-cluster.ts";
import { type Play, runClusterRow, TOPIC } from "./cluster-row.ts";
import type { Row } from "./row.ts";

const ALONE_MS = 4_000;
const REST_MS = 3_000;
const SETTINGS = { "unclean.leader.election.enable": "true", "min.insync.replicas": 1 };

export const UNCLEAN_ELECTION: Row = {
  id: "P-18",
  about: "unclean elections allowed: one replica is left, then none, and one that had lagged leads",
  expected: "losses are told: LOG_TRUNCATED at readers, counted as unclean; nobody goes back to 0",
  needs: [],
  length: { times: 10 },
  run: (request) =>
    runClusterRow(
      {
        mayLose: true,
        settings: SETTINGS,
        play: async (play) => {
          const follower = new Follower(play.cluster);
          for (let round = 0; round < play.times; round++) {
            await loseTheInSync(play, round);
            await play.wait(REST_MS);
          }
          await follower.stop();
          for (const what of follower.wentBackToStart) play.record.violation(what);
          const truncated = play.load.readerErrors.get("LOG_TRUNCATED") ?? 0;
          play.record.figure({
            what: "readers that were told LOG_TRUNCATED",
            value: truncated,
            unit: "times",
            atLeast: 1,
          });
          play.record.figure({
            what: "back by most after a truncation, of a reader that may go on",
            value: follower.backMost,
            unit: "records",
          });
        },
      },
      request,
    ),
};

async function loseTheInSync(play: Play, round: number): Promise<void> {
  const { cluster, note, record, wait, whole, targets } = play;
  const { brokers } = cluster;
  const last = brokers[round % brokers.length];
  const others = brokers.filter((broker) => broker !== last);
  const [successor] = others;
  if (last === undefined || successor === undefined) throw new RangeError("three brokers");
  note(`brokers ${others.map(({ brokerId }) => brokerId)} are killed`);
  await Promise.all(others.map((broker) => broker.kill()));
  await cluster.until("one replica is left in sync", async () => {
    const picture = await targets.picture();
    return picture.length > 0 && picture.every(({ isr }) => isr.length === 1);
  });
  await wait(ALONE_MS);
  note(`the last one, broker ${last.brokerId}, is killed`, await targets.of(last));
  await last.kill();
  successor.start();
  await cluster.until("one that had lagged leads", async () => {
    const { led } = await targets.of(successor);
    return led.length === play.partitions;
  });
  await wait(REST_MS);
  const counted = await uncleanElections(successor.url);
  if (counted === 0) record.violation("unclean elections are not counted");
  record.remark(`${counted} unclean elections counted`);
  await cluster.heal();
  await whole();
}

async function uncleanElections(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const value = /^zoolog_unclean_leader_elections_total(?:\{[^}]*\})? (\d+)/m.exec(text)?.[1];
  return Number(value ?? 0);
}

/** A reader that goes on where the log leaves what it knows. */
class Follower {
  readonly wentBackToStart: string[] = [];
  backMost = 0;
  readonly #stopping = new AbortController();
  readonly #task: Promise<void>;

  constructor(cluster: ChaosCluster) {
    this.#task = this.#run(cluster);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#task;
  }

  async #run(cluster: ChaosCluster): Promise<void> {
    const client = cluster.client("chaos-follower");
    const next = new Map<number, number>();
    const { signal } = this.#stopping;
    const reader = client.reader(topic(TOPIC, { value: serde.string() }), {
      ...({ from: "start", follow: true, signal } as const),
      onOffsetOutOfRange: "start",
    });
    try {
      for await (const batch of reader.batches()) {
        const [first] = batch;
        const expected = next.get(batch.partition) ?? 0;
        if (first !== undefined && first.offset < expected) {
          this.backMost = Math.max(this.backMost, expected - first.offset);
          if (first.offset === 0) {
            this.wentBackToStart.push(
              `a reader of partition ${batch.partition} went back from ${expected} to 0`,
            );
          }
        }
        next.set(batch.partition, batch.nextOffset);
      }
    } catch (error) {
      if (!signal.aborted) this.wentBackToStart.push(`a reader ended: ${describe(error)}`);
    } finally {
      await reader.close();
      await client.close();
    }
  }
}

function describe(error: unknown): string {
  return error instanceof ZoologError ? `${error.code} ${error.message}` : String(error);
}
