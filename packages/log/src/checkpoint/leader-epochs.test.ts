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
  for (const [epoch, start] of entries) epochs.assign(leaderEpoch(epoch), at(start));
  await epochs.save();
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

test("what is saved is in the file when it resolves", async () => {
  const { epochs, saved, reload } = await epochsWith([0, 0], [2, 10]);

  expect(saved()).toBe("0\n2\n0 0\n2 10\n");
  expect(await reload()).toEqual(epochs.entries);
});

test("where the file is not to be asked is known from the first entry that differs", async () => {
  const { epochs, saved } = await epochsWith([0, 0], [2, 10]);
  expect(epochs.unsavedFrom).toBeUndefined();

  epochs.assign(leaderEpoch(3), at(10));
  epochs.assign(leaderEpoch(4), at(30));
  expect(epochs.unsavedFrom).toBe(10);
  expect(saved()).toBe("0\n2\n0 0\n2 10\n");

  await epochs.save();
  expect(epochs.unsavedFrom).toBeUndefined();
  expect(saved()).toBe("0\n3\n0 0\n3 10\n4 30\n");
});

test("an epoch that begins while the file is written is saved with the next one", async () => {
  const { epochs, reload } = await epochsWith([0, 0]);
  epochs.assign(leaderEpoch(1), at(10));

  const saving = epochs.save();
  epochs.assign(leaderEpoch(2), at(20));
  await saving;

  expect(epochs.unsavedFrom).toBe(20);
  expect(await reload()).toHaveLength(2);
});

test("truncation saves what is left, whatever was unsaved", async () => {
  const { epochs, reload } = await epochsWith([0, 0]);
  epochs.assign(leaderEpoch(1), at(10));
  epochs.assign(leaderEpoch(2), at(20));

  await epochs.truncateFromEnd(at(20));

  expect(epochs.unsavedFrom).toBeUndefined();
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

test("an epoch that begins while old ones are forgotten is known", async () => {
  const { epochs, reload } = await epochsWith([3, 0], [5, 40]);

  const forgetting = epochs.truncateFromStart(at(20));
  epochs.assign(leaderEpoch(6), at(60));
  await forgetting;

  const expected = [
    [3, 20],
    [5, 40],
    [6, 60],
  ];
  expect(pairs(epochs.entries)).toEqual(expected);
  expect(epochs.unsavedFrom).toBe(60);
  await epochs.save();
  expect(pairs(await reload())).toEqual(expected);
});
