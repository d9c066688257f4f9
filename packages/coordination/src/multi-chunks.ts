import type { Operation } from "@zoolog/zookeeper";
import { MULTI_BYTES_MAX, MULTI_OPERATIONS_MAX } from "./limits.ts";

/** Type, path length, data length, ACL, version: generously. */
const OPERATION_OVERHEAD_BYTES = 80;

export function operationBytes(operation: Operation): number {
  const dataBytes = "data" in operation ? operation.data.length : 0;
  return OPERATION_OVERHEAD_BYTES + operation.path.length + dataBytes;
}

/**
 * Cuts `items` into runs whose operations fit into one multi beside its check, keeping the order.
 * An item's operations are never separated; one that alone is too large stands alone.
 */
export function chunked<Item>(
  items: readonly Item[],
  operationsOf: (item: Item) => readonly Operation[],
): readonly (readonly Item[])[] {
  const chunks: Item[][] = [];
  let operations = Number.POSITIVE_INFINITY;
  let bytes = 0;
  for (const item of items) {
    const own = operationsOf(item);
    const ownBytes = own.reduce((sum, operation) => sum + operationBytes(operation), 0);
    operations += own.length;
    bytes += ownBytes;
    const current = chunks.at(-1);
    if (current !== undefined && operations < MULTI_OPERATIONS_MAX && bytes <= MULTI_BYTES_MAX) {
      current.push(item);
    } else {
      chunks.push([item]);
      operations = own.length;
      bytes = ownBytes;
    }
  }
  return chunks;
}
