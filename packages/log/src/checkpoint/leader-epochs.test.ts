import { leaderEpoch, type Offset, silentLogger } from "@zoolog/base";
import { SimulatedDisk, seededRandom } from "@zoolog/testkit";
import { DataVolume } from "../volume/data-volume.ts";
import { LeaderEpochs } from "./leader-epochs.ts";

const at = (value: number) => value as Offset;
const LOG_END = at(90);

async function epochsWith(...entries: [number, number][]) {
  const disk = new SimulatedDisk({}, { random: seededRandom(1) });
  const fileSystem = disk.mount();
  await fileSystem.makeDirectory("/data/orders-0");
  const volume = new DataVolume(
    { path: "/data", openFilesMax: 8, reservedBytes: 0 },
    { fileSystem, logger: silentLogger, onOffline: () => {} },
  );
  const epochs = new LeaderEpochs({ folder: "/data/orders-0" }, { volume });
  for (const [epoch, start] of entries) await epochs.assign(leaderEpoch(epoch), at(start));
  const saved = () => disk.contents("/data/orders-0/leader-epoch-checkpoint").toString();
  const reload = async () => {
    const again = new LeaderEpochs({ folder: "/data/orders-0" }, { volume });
    await again.load();
    return again.entries;
  };
  return { epochs, saved, reload };
}
const pairs = (entries: LeaderEpochs["entries"]) =>
  entries.map(({ epoch, startOffset }) => [epoch, startOffset]);

test("an epoch ends where the next one that wrote begins, the latest at the log's end", async () => {
  const { epochs } = await epochsWith([3, 0], [5, 40]);
  const end = (epoch: number) => epochs.endOffsetFor(leaderEpoch(epoch), LOG_END);

  expect(end(3)).toEqual({ epoch: 3, endOffset: 40 });
  expect(end(4)).toEqual({ epoch: 3, endOffset: 40 });
  expect(end(5)).toEqual({ epoch: 5, endOffset: 90 });
  expect(end(6)).toBeUndefined();
});

test("an epoch older than all we know ends where the first one begins", async () => {
  const { epochs } = await epochsWith([3, 20]);

  expect(epochs.endOffsetFor(leaderEpoch(1), LOG_END)).toEqual({ epoch: 1, endOffset: 20 });
});

test("without any epoch there is no answer", async () => {
  const { epochs } = await epochsWith();

  expect(epochs.endOffsetFor(leaderEpoch(0), LOG_END)).toBeUndefined();
  expect(epochs.latest).toBeUndefined();
  expect(epochs.epochForOffset(at(0))).toBeUndefined();
});

test("every change is in the file when it resolves", async () => {
  const { epochs, saved, reload } = await epochsWith([0, 0], [2, 10]);

  expect(saved()).toBe("0\n2\n0 0\n2 10\n");
  expect(await reload()).toEqual(epochs.entries);
});

test("an epoch that is not newer changes nothing", async () => {
  const { epochs } = await epochsWith([3, 0], [3, 50], [2, 60]);

  expect(pairs(epochs.entries)).toEqual([[3, 0]]);
});

test("an epoch that never wrote gives way to the next one at the same offset", async () => {
  const { epochs } = await epochsWith([3, 0], [4, 40], [7, 40]);

  expect(pairs(epochs.entries)).toEqual([
    [3, 0],
    [7, 40],
  ]);
});

test("truncation at the end forgets what began there or later", async () => {
  const { epochs, reload } = await epochsWith([0, 0], [2, 10], [4, 20]);

  await epochs.truncateFromEnd(at(20));

  expect(pairs(epochs.entries)).toEqual([
    [0, 0],
    [2, 10],
  ]);
  expect(await reload()).toEqual(epochs.entries);
});

test.each([
  [
    0,
    [
      [0, 0],
      [2, 10],
      [4, 20],
    ],
  ],
  [
    5,
    [
      [0, 5],
      [2, 10],
      [4, 20],
    ],
  ],
  [
    10,
    [
      [2, 10],
      [4, 20],
    ],
  ],
  [
    15,
    [
      [2, 15],
      [4, 20],
    ],
  ],
  [50, [[4, 50]]],
])(
  "truncation at the start, at %i, leaves the epoch that spans it beginning there",
  async (start, expected) => {
    const { epochs, reload } = await epochsWith([0, 0], [2, 10], [4, 20]);

    await epochs.truncateFromStart(at(start));

    expect(pairs(epochs.entries)).toEqual(expected);
    expect(await reload()).toEqual(epochs.entries);
  },
);
