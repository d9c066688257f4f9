import { offset, type Timestamp } from "@zoolog/base";
import { OffsetIndex, TimeIndex } from "@zoolog/log";
import { type Door, type FuzzTarget, mustHold, type Outcome } from "../fuzz-target.ts";

const BASE = 100;

export const indexes: FuzzTarget = {
  name: "indexes",
  row: "F-01",
  about: "offset index and time index from any bytes: sound beginnings, lookups as by a plain list",
  inputBytesMax: 2_048,
  smokeExecutions: 4_000,
  allocationSlackBytes: 4_096,
  open(): Door {
    const offsets = new OffsetIndex(offset(BASE));
    const times = new TimeIndex(offset(BASE));
    for (let i = 1; i < 20; i++) {
      offsets.append(offset(BASE + 5 * i), 900 * i);
      times.appendIfNewer({
        timestamp: (1_000 * i) as Timestamp,
        lastOffset: offset(BASE + 5 * i),
      });
    }
    const contents = [offsets, times].map(({ table }) =>
      Buffer.from(table.bytes.subarray(0, table.count * table.entryBytes)),
    );
    return { seeds: contents, execute };
  },
};

function execute(input: Buffer): Outcome {
  const offsets = new OffsetIndex(offset(BASE), Buffer.from(input));
  const wasSound = offsets.fault() === undefined;
  const kept = offsets.soundCount();
  offsets.truncateToSoundPrefix();
  mustHold(offsets.count === kept && offsets.fault() === undefined, "the beginning is sound");
  mustHold(!wasSound || kept === Math.floor(input.length / 8), "a sound index is kept whole");
  const list = Array.from({ length: kept }, (_, i) => offsets.entry(i));
  for (const { lastOffset, position } of list.slice(0, 8)) {
    for (const sought of [lastOffset - 1, lastOffset, lastOffset + 1]) {
      const expected = list.findLast((entry) => entry.lastOffset <= sought);
      const found = sought < 0 ? undefined : offsets.lookup(offset(sought));
      mustHold(found?.position === expected?.position, () => `lookup of ${sought}`);
      const upTo = position + sought - lastOffset;
      const before = list.findLast((entry) => entry.position <= upTo);
      mustHold(offsets.positionUpTo(upTo) === before?.position, () => `position up to ${upTo}`);
    }
  }
  return `${wasSound} ${Math.min(kept, 8)} ${timesOutcome(input)}`;
}

function timesOutcome(input: Buffer): Outcome {
  const times = new TimeIndex(offset(BASE), Buffer.from(input));
  const wasSound = times.fault() === undefined;
  const kept = times.soundCount();
  times.truncateToSoundPrefix();
  mustHold(times.count === kept && times.fault() === undefined, "the beginning is sound");
  const list = Array.from({ length: kept }, (_, i) => times.entry(i));
  for (const { timestamp, lastOffset } of list.slice(0, 8)) {
    const expected = list.findLast((entry) => entry.timestamp < timestamp);
    const found = times.lookupBefore(timestamp);
    mustHold(found?.lastOffset === expected?.lastOffset, () => `lookup before ${timestamp}`);
    mustHold(Number.isSafeInteger(lastOffset), "offsets are safe integers");
  }
  if (kept > 0) times.truncateTo(offset(BASE));
  mustHold(times.count === 0, "nothing below the base is left");
  return `${wasSound} ${Math.min(kept, 8)}`;
}
