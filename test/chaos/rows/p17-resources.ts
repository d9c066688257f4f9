import { BusyCores } from "../injectors/busy-cores.ts";
import { capabilityFault } from "../injectors/capability.ts";
import { ControlGroup } from "../injectors/control-group.ts";
import { IdleConnections, limitOpenFiles, openFilesOf } from "../injectors/open-files.ts";
import { type Play, runClusterRow } from "./cluster-row.ts";
import type { Row } from "./row.ts";

const OPEN_FILES = 128;
const CONNECTIONS = 300;
const MEMORY_BYTES = 300 * 2 ** 20;
const BUSY_PROCESSES = 4;
/** Of the row's time, each has a third. */
const SHARE = 1 / 3;

export const RESOURCES: Row = {
  id: "P-17",
  about: "128 open files and 300 idle connections at one broker; 300 MB for one; 4 busy processes",
  expected: "0 lost, no broker ends; sessions survive the busy processes",
  needs: [],
  length: { seconds: 540 },
  run: (request) =>
    runClusterRow(
      {
        play: async (play) => {
          for (const script of [fewFiles, littleMemory, busyCores]) {
            await script(play, play.seconds * SHARE * 1_000);
            await play.whole();
          }
        },
      },
      request,
    ),
};

async function fewFiles({ cluster, note, record, targets, wait }: Play, ms: number): Promise<void> {
  const fault = capabilityFault("openFiles");
  if (fault !== undefined) return record.remark(`not played: few open files: ${fault}`);
  const target = await targets.find("leader");
  const { broker } = target;
  note(`broker ${broker.brokerId} may open ${OPEN_FILES} files`, target);
  record.remark(`it has ${openFilesOf(broker.pid)} open at that moment`);
  const release = limitOpenFiles(broker.pid, OPEN_FILES);
  const idle = new IdleConnections(broker.url, CONNECTIONS);
  await wait(ms);
  record.figure({ what: "open files at the limit", value: openFilesOf(broker.pid), unit: "files" });
  idle.close();
  release();
  await cluster.until("the broker answers", () => broker.isReady());
}

/** Of a broker that is started anew: what a process has already is not counted. */
async function littleMemory(play: Play, ms: number): Promise<void> {
  const { cluster, note, record, targets, wait } = play;
  const fault = capabilityFault("memoryLimit");
  if (fault !== undefined) return record.remark(`not played: little memory: ${fault}`);
  const target = await targets.find("leader");
  const { broker } = target;
  note(`broker ${broker.brokerId} is restarted, and has 300 MB`, target);
  const group = ControlGroup.limitMemory("memory", MEMORY_BYTES);
  await broker.terminate();
  broker.start();
  group.add(broker.pid);
  await cluster.until("the broker is back", () => broker.isReady());
  await wait(ms);
  const { shortages } = group;
  group.close();
  if (shortages !== undefined) {
    record.figure({ what: "pages had to be found elsewhere", value: shortages, unit: "times" });
  }
}

async function busyCores({ brokerEpochs, note, record, wait }: Play, ms: number): Promise<void> {
  const before = await brokerEpochs();
  note(`${BUSY_PROCESSES} busy processes`);
  const busy = new BusyCores(BUSY_PROCESSES);
  await wait(ms);
  busy.close();
  const after = await brokerEpochs();
  const value = before.filter((epoch) => !after.includes(epoch)).length;
  record.figure({ what: "sessions lost to busy processes", value, unit: "sessions", atMost: 0 });
}
