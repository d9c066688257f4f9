import { isDeepStrictEqual } from "node:util";
import type { Offset, Timestamp } from "@zoolog/base";
import { crc32c } from "@zoolog/protocol";
import {
  decodeProducerSnapshot,
  encodeProducerSnapshot,
} from "../../../packages/log/src/producers/producer-snapshot.ts";
import { type Door, type FuzzTarget, mustHold, type Outcome } from "../fuzz-target.ts";

const [CRC_AT, COVERED_AT] = [2, 6];

export const producerSnapshot: FuzzTarget = {
  name: "producer-snapshot",
  row: "F-01",
  about: "what a log remembers of its producers: read back as written, or not believed",
  inputBytesMax: 2_048,
  smokeExecutions: 4_000,
  allocationSlackBytes: 8_192,
  open(): Door {
    const batch = (lastSequence: number, lastOffset: number) => ({
      firstSequence: lastSequence - 2,
      ...{ lastSequence, lastOffset: lastOffset as Offset, offsetDelta: 2 },
      timestamp: 1_000 as Timestamp,
    });
    const place = { lastTimestamp: 1_000 as Timestamp };
    const entries = [
      { producerId: 1, producerEpoch: 0, batches: [batch(2, 2), batch(5, 9)], ...place },
      { producerId: 4_711, producerEpoch: 3, batches: [], ...place },
    ];
    return {
      seeds: [encodeProducerSnapshot(entries), encodeProducerSnapshot([])],
      repaired,
      execute,
    };
  },
};

function repaired(input: Buffer): Buffer {
  if (input.length >= COVERED_AT) input.writeUInt32BE(crc32c(input.subarray(COVERED_AT)), CRC_AT);
  return input;
}

function execute(input: Buffer): Outcome {
  const entries = decodeProducerSnapshot(input);
  if (entries === undefined) return "not believed";
  for (const { producerId, batches } of entries) {
    mustHold(producerId >= 0 && batches.length <= 5, "entries are possible");
    for (const { firstSequence, lastSequence, lastOffset } of batches) {
      mustHold(firstSequence >= 0 && lastSequence >= 0, "sequences are not negative");
      mustHold(lastOffset >= 0, "offsets are not negative");
    }
  }
  const again = decodeProducerSnapshot(encodeProducerSnapshot(entries));
  // Only an entry without a batch says when its producer was last heard of.
  const kept = again?.map(({ batches }) => batches);
  const wanted = entries.map(({ batches }) => batches);
  mustHold(isDeepStrictEqual(kept, wanted), "entries are not what they were");
  return `believed ${entries
    .map(({ batches }) => batches.length)
    .join(" ")
    .slice(0, 12)}`;
}
