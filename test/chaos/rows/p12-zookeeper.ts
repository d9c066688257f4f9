import { fourLetterWord } from "@zoolog/testkit";
import { capabilityFault } from "../injectors/capability.ts";
import { TracedFaults } from "../injectors/traced-faults.ts";
import { type Play, runClusterRow } from "./cluster-row.ts";
import type { Row } from "./row.ts";

const QUORUM_LOST_MS = [5_000, 30_000, 120_000];
/** Of the time of the row, what one loss of the quorum may take. */
const OUTAGE_SHARE_MAX = 0.25;
const LEADER_AWAY_MS = 3_000;
const STOPPED_MS = 10_000;
const SLOW_SYNC_MS = 500;
/** What is sent at the very end of an outage is acknowledged behind it. */
const LAST_MS = 1_000;
const ACKNOWLEDGED_SHARE_MIN = 0.99;
const REST_MS = 2_000;

export const ZOOKEEPER: Row = {
  id: "P-12",
  about:
    "ZooKeeper: leader killed, quorum lost for 5, 30 and 120 s, a server stopped, all restarted in turn, syncs of 500 ms",
  expected: "0 lost; 99 % of records acknowledged while there is no quorum; no session left over",
  needs: [],
  length: { seconds: 1_080 },
  run: (request) =>
    runClusterRow(
      {
        play: async (play) => {
          for (const script of [killLeader, loseQuorum, stopServer, restartAll, slowSyncs]) {
            await script(play);
            await play.whole();
            await play.wait(REST_MS);
          }
          await countSessions(play);
        },
      },
      request,
    ),
};

async function killLeader({ cluster: { ensemble }, note, wait }: Play): Promise<void> {
  const leader = (await ensemble.leader()) ?? 0;
  note(`kill -9 ZooKeeper's leader, server ${leader}`);
  await ensemble.kill(leader);
  await wait(LEADER_AWAY_MS);
  ensemble.start(leader);
  await ensemble.ready();
}

async function loseQuorum(play: Play): Promise<void> {
  const { cluster, note, record, seconds, wait, whole } = play;
  const { ensemble } = cluster;
  const playable = QUORUM_LOST_MS.filter((ms) => ms <= seconds * 1_000 * OUTAGE_SHARE_MAX);
  const outages = playable.length === 0 ? QUORUM_LOST_MS.slice(0, 1) : playable;
  for (const ms of QUORUM_LOST_MS.slice(outages.length)) {
    record.remark(`not played, as the row has ${seconds} s only: no quorum for ${ms / 1_000} s`);
  }
  for (const ms of outages) {
    note(`no quorum for ${ms} ms`);
    await Promise.all([0, 1].map((server) => ensemble.kill(server)));
    const began = performance.now();
    await wait(ms);
    const ended = performance.now();
    for (const server of [0, 1]) ensemble.start(server);
    await ensemble.ready();
    await whole();
    await play.wait(REST_MS);
    record.figure({
      what: `acknowledged of what was sent in ${ms / 1_000} s without a quorum`,
      value: acknowledgedShare(play, began, ended) * 100,
      unit: "%",
      atLeast: ACKNOWLEDGED_SHARE_MIN * 100,
    });
  }
}

/** Sent and acknowledged in that time, of all that was sent. */
function acknowledgedShare({ load }: Play, began: number, ended: number): number {
  const sent = load.entries.filter(
    (entry) => entry.f === "send" && entry.sentAt >= began && entry.sentAt < ended - LAST_MS,
  );
  const acknowledged = sent.filter(
    (entry) => entry.f === "send" && entry.outcome === "ok" && entry.settledAt <= ended,
  );
  return sent.length === 0 ? 0 : acknowledged.length / sent.length;
}

async function stopServer({ cluster: { ensemble }, note, wait }: Play): Promise<void> {
  const leader = await ensemble.leader();
  const server = [0, 1, 2].find((one) => one !== leader) ?? 0;
  note(`SIGSTOP ZooKeeper server ${server}, a follower`);
  ensemble.pause(server);
  await wait(STOPPED_MS);
  ensemble.resume(server);
  await ensemble.ready();
}

async function restartAll({ cluster: { ensemble }, note, wait }: Play): Promise<void> {
  for (let server = 0; server < ensemble.size; server++) {
    note(`ZooKeeper server ${server} is restarted`);
    await ensemble.restart(server);
    await wait(REST_MS);
  }
}

/** Of a quorum, so that every write waits for one of them: those of an election, too. */
async function slowSyncs(play: Play): Promise<void> {
  const { cluster, note, record, targets, whole } = play;
  const { ensemble } = cluster;
  const fault = capabilityFault("tracedFaults");
  if (fault !== undefined) {
    record.remark(`not played: syncs of ZooKeeper that take ${SLOW_SYNC_MS} ms: ${fault}`);
    return;
  }
  const target = await targets.find("leader");
  note(
    `syncs of two servers take ${SLOW_SYNC_MS} ms, broker ${target.broker.brokerId} is killed`,
    target,
  );
  const slow = await Promise.all(
    [0, 1].map((server) =>
      TracedFaults.attach(ensemble.pid(server), {
        calls: ["fsync", "fdatasync"],
        effect: `delay_enter=${SLOW_SYNC_MS * 1_000}`,
      }),
    ),
  );
  await target.broker.kill();
  target.broker.start();
  await cluster.until("the broker is back", () => target.broker.isReady());
  const value = await whole();
  record.figure({ what: "in sync while ZooKeeper's syncs are slow", value, unit: "ms" });
  for (const faults of slow) {
    if (faults.firstHitAt === undefined) record.violation("no sync of a server was slowed down");
    await faults.detach();
  }
}

/** One of each broker, and the one that looks at the epochs: nothing is left of former lives. */
async function countSessions({ cluster, record }: Play): Promise<void> {
  const { brokers, ensemble } = cluster;
  let sessions = 0;
  for (let server = 0; server < ensemble.size; server++) {
    const connections = await fourLetterWord({ port: ensemble.port(server) }, "cons");
    sessions += connections.split("\n").filter((line) => line.includes("sid=0x")).length;
  }
  const atMost = brokers.length + 1;
  record.figure({ what: "sessions at the end", value: sessions, unit: "sessions", atMost });
}
