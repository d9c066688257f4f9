import { type Logger, silentLogger } from "@zoolog/base";
import { ManualTime } from "@zoolog/testkit";
import { logClosed, logOffline } from "../errors.ts";
import type { Log } from "../log.ts";
import type { LogDirectory } from "../log-directory.ts";
import { LogTicks } from "./log-ticks.ts";

test("a log that was deleted before its turn is no fault of the background work", async () => {
  const errors: unknown[] = [];
  const logger: Logger = { ...silentLogger, error: (_message, fields) => errors.push(fields) };
  const time = new ManualTime();
  const failing = (folder: string, error: Error) =>
    ({ folder, failure: undefined, applyRetention: () => Promise.reject(error) }) as unknown as Log;
  const logs = [
    failing("t-0", logClosed("t-0")),
    failing("t-1", logOffline("t-1", new Error("EIO"))),
  ];
  const ticks = new LogTicks(
    { periods: { retentionMs: 10, flushMs: 1e6, highWatermarkMs: 1e6, freeSpaceMs: 1e6 } },
    { logs: () => logs, directory: {} as LogDirectory, scheduler: time.scheduler, logger },
  );

  await time.advanceAndSettle(10);
  await ticks.stop();

  expect(errors).toEqual([expect.objectContaining({ topicPartition: "t-1" })]);
});

test("a log whose settings have changed is looked at at once, also while others are", async () => {
  const time = new ManualTime();
  const seen: string[] = [];
  const later = fakeLog("late", seen);
  const first = fakeLog("first", seen, () => ticks.configured(later));
  const ticks = new LogTicks(
    { periods: { retentionMs: 1e6, flushMs: 1e6, highWatermarkMs: 1e6, freeSpaceMs: 1e6 } },
    {
      logs: () => [],
      directory: {} as LogDirectory,
      scheduler: time.scheduler,
      logger: silentLogger,
    },
  );

  ticks.configured(first);
  await time.advanceAndSettle(0);
  ticks.configured(later);
  await ticks.stop();

  expect(seen).toEqual(["first", "late", "late"]);
});

function fakeLog(folder: string, seen: string[], meanwhile: () => void = () => {}): Log {
  const applyRetention = async () => {
    seen.push(folder);
    meanwhile();
  };
  return { folder, failure: undefined, applyRetention } as unknown as Log;
}
