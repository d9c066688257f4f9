import { REPOSITORY } from "../chaos-run.ts";
import { MEMBER_FAULTS } from "../groups/group-faults.ts";
import { formatGroupReport, groupViolations } from "../groups/group-report.ts";
import { runGroup } from "../groups/group-run.ts";
import { runClusterRow, untilTimeIsOver } from "./cluster-row.ts";
import type { Row, RowRequest } from "./row.ts";
import { WriterProcess } from "./writer-process.ts";

const MEMBERS = 20;
const PARTITIONS = 40;
const LINES = 100_000;
const MEMBER_FAULT_NAMES = Object.keys(MEMBER_FAULTS) as (keyof typeof MEMBER_FAULTS)[];
/** Killed in the middle of a batch: it always sends. */
const WRITES_MS = { min: 1_000, max: 4_000 };
/** Half for producers, half for the group. */
const SHARE = 0.5;

export const CLIENTS: Row = {
  id: "P-16",
  about:
    "producers are killed in the middle of batches; a group of 20 is killed, frozen past its session, grows and shrinks",
  expected: "0 lost, 0 duplicates; 0 commits of members that are out",
  needs: [],
  length: { seconds: 600 },
  run: async (request) => {
    await killProducers({ ...request, seconds: request.seconds * SHARE });
    await churnGroup({ ...request, seconds: request.seconds * SHARE });
  },
};

/** What a killed producer had been told is in the log, and nothing of it twice. */
function killProducers(request: RowRequest): Promise<void> {
  return runClusterRow(
    {
      play: async (play) => {
        const { cluster, load, partitions, random, record, wait } = play;
        let process = load.processes;
        let acknowledged = 0;
        await untilTimeIsOver(play, async () => {
          const writer = new WriterProcess({
            brokers: cluster.brokers.map(({ url }) => url),
            historyFile: `${cluster.folder}/writer-${process}.history`,
            process: process++,
            partitions,
            recordsPerSecond: request.recordsPerSecond,
          });
          await writer.began();
          await wait(WRITES_MS.min + random.next() * (WRITES_MS.max - WRITES_MS.min));
          await writer.kill();
          const entries = writer.entries();
          acknowledged += entries.filter(({ outcome }) => outcome === "ok").length;
          load.entries.push(...entries);
        });
        const writers = process - load.processes;
        record.remark(`${writers} producers killed, ${acknowledged} of their records acknowledged`);
      },
    },
    request,
  );
}

async function churnGroup({ record, seconds, seed, keep }: RowRequest): Promise<void> {
  const report = await runGroup(
    {
      ...{ seconds, seed, keep },
      faults: MEMBER_FAULT_NAMES,
      members: MEMBERS,
      partitions: PARTITIONS,
      lines: LINES,
      protocol: "consumer",
      read: "run",
      restMs: 1_000,
      figures: false,
      mutation: undefined,
    },
    REPOSITORY,
  );
  for (const line of formatGroupReport(report).split("\n")) record.remark(`group: ${line}`);
  const count = groupViolations(report);
  if (count > 0) record.violation(`the group has ${count} violations`);
  const { duplicates } = report.verdict;
  const again = [...duplicates.values()].reduce((sum, more) => sum + more, 0);
  record.figure({ what: "processed again, all explained", value: again, unit: "records" });
}
