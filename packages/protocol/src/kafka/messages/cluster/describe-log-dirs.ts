import { defineMessage } from "../../kafka-message.ts";
import {
  array,
  boolean,
  error,
  int32,
  int64,
  string,
  struct,
} from "../../schema/message-schema.ts";

const partitionInFolder = struct({
  partitionIndex: int32(),
  /** Bytes of its segments. */
  partitionSize: int64(),
  offsetLag: int64(),
  isFutureKey: boolean(),
});

const folder = struct({
  errorCode: error(),
  logDir: string(),
  topics: array(struct({ name: string(), partitions: array(partitionInFolder) })),
  totalBytes: int64({ from: 4, absent: -1 }),
  usableBytes: int64({ from: 4, absent: -1 }),
});

/**
 * What this broker has on its disks (KIP-113). No topics named (`undefined`) means all of them.
 *
 * - 1: the broker answers before it throttles. 2: flexible. 3: an error of the whole call.
 * - 4: size of the volume (KIP-827).
 */
export const describeLogDirs = defineMessage({
  name: "DescribeLogDirs",
  versions: [1, 4],
  flexibleFrom: 2,
  request: {
    topics: array(struct({ topic: string(), partitions: array(int32()) }), { nullFrom: 0 }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: error({ from: 3 }),
    results: array(folder),
  },
});
