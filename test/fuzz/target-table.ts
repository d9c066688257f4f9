import type { FuzzTarget } from "./fuzz-target.ts";
import { checkpoints } from "./targets/checkpoints.ts";
import { compression } from "./targets/compression.ts";
import { consumerProtocol } from "./targets/consumer-protocol.ts";
import { dataFolder } from "./targets/data-folder.ts";
import { httpBodies } from "./targets/http-bodies.ts";
import { httpRaw } from "./targets/http-raw.ts";
import { indexes } from "./targets/indexes.ts";
import { kafkaRequests } from "./targets/kafka-requests.ts";
import { messages } from "./targets/messages.ts";
import { names } from "./targets/names.ts";
import { producerSnapshot } from "./targets/producer-snapshot.ts";
import { recordBatch } from "./targets/record-batch.ts";
import { segmentScan } from "./targets/segment-scan.ts";
import { znodes } from "./targets/znodes.ts";
import { zookeeperClient } from "./targets/zookeeper-client.ts";
import { zookeeperServer } from "./targets/zookeeper-server.ts";
import { zookeeperStorage } from "./targets/zookeeper-storage.ts";

/** Every door that is fuzzed. */
export const FUZZ_TARGETS: readonly FuzzTarget[] = [
  ...[recordBatch, segmentScan, indexes, checkpoints, producerSnapshot, dataFolder],
  ...[zookeeperStorage, znodes, messages, consumerProtocol, httpBodies, httpRaw, compression],
  ...[zookeeperServer, zookeeperClient, names, kafkaRequests],
];

export function fuzzTarget(name: string): FuzzTarget | undefined {
  return FUZZ_TARGETS.find((target) => target.name === name);
}
