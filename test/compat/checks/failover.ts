import { type Check, type CheckContext, expectEqual, type ReadRecord } from "../check.ts";
import { NotOffered } from "../driver.ts";

const BEFORE = 100;
/** Sent again and again until the leader is dead: it dies between two of many small requests. */
const MEANWHILE = 250;
const AFTER = 100;
const CHUNK = 5;
/** A client's backoffs and metadata's age come on top of the cluster's failover. */
const SEND_MS_MAX = 60_000;

export const FAILOVER_CHECKS: readonly Check[] = [
  { name: "idempotent producer, leader killed", run: idempotentAcrossKill },
];

async function idempotentAcrossKill(context: CheckContext): Promise<string | undefined> {
  const { driver, cluster, name } = context;
  if (!cluster.canKill) throw new NotOffered("needs brokers that may be killed");
  const topic = name("failover");
  await cluster.createTopic(topic, 1);
  await driver.call("open-producer", { producer: topic, codec: "none", idempotent: true });
  let next = 0;
  const send = async (count: number): Promise<void> => {
    const records = Array.from({ length: count }, (_, i) => ({
      key: null,
      value: `${next + i}`,
      headers: {},
    }));
    next += count;
    const args = { producer: topic, topic, partition: 0, records, chunk: CHUNK };
    await driver.call("send", args, SEND_MS_MAX);
  };
  await send(BEFORE);
  let isOver = false;
  const killed = cluster.killLeader(topic).finally(() => {
    isOver = true;
  });
  const sendUntilKilled = async (): Promise<void> => {
    do await send(MEANWHILE);
    while (!isOver);
  };
  const sending = sendUntilKilled();
  try {
    await Promise.all([sending, killed]);
    await send(AFTER);
    await driver.call("close-producer", { producer: topic });
    const count = next;
    const read = await driver.call<ReadRecord[]>("read", { topic, partition: 0, from: 0, count });
    const values = read.map(({ value }) => Number(value));
    expectEqual("how many are there once", new Set(values).size, count);
    expectEqual(
      "in order",
      values,
      [...values].sort((a, b) => a - b),
    );
    const latest = await cluster.latestOffset(topic);
    expectEqual("end of the log", latest, count);
  } finally {
    await sending.catch(() => undefined);
    await killed.catch(() => undefined);
    await cluster.heal(topic);
  }
  return undefined;
}
