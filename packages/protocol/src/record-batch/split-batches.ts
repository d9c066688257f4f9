import { corruptMessage } from "../errors.ts";
import { BatchCursor } from "./batch-cursor.ts";
import { describeBatchFault } from "./batch-header.ts";
import { RecordBatch } from "./record-batch.ts";

/**
 * The whole batches in a fetch response. A batch whose end is missing is tolerated and left out:
 * brokers cut responses at a byte limit.
 *
 * @throws ZoologError CORRUPT_MESSAGE where the bytes are no batch, after yielding those before.
 */
export function* splitBatches(bytes: Buffer): Generator<RecordBatch, void, undefined> {
  const cursor = new BatchCursor();
  for (let position = 0; position < bytes.length; ) {
    const sighting = cursor.look(bytes, position);
    if (sighting === "partial") return;
    if (cursor.fault !== undefined) {
      throw corruptMessage(`no batch at byte ${position}: ${describeBatchFault(cursor.fault)}`);
    }
    yield RecordBatch.parse(bytes, position);
    position += cursor.sizeInBytes;
  }
}
