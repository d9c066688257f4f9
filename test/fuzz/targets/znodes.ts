import { brokerId, timestamp } from "@zoolog/base";
import { sampleBroker, sampleState, sampleTopicId } from "@zoolog/testkit";
import {
  decodeDeletedTopic,
  decodePreferredElection,
} from "../../../packages/coordination/src/znodes/admin-znodes.ts";
import {
  decodeBroker,
  encodeBroker,
} from "../../../packages/coordination/src/znodes/broker-znode.ts";
import {
  decodeConfig,
  encodeConfig,
} from "../../../packages/coordination/src/znodes/config-znode.ts";
import {
  decodeController,
  decodeControllerEpoch,
  encodeController,
} from "../../../packages/coordination/src/znodes/controller-znodes.ts";
import { decodeGroup } from "../../../packages/coordination/src/znodes/group-znode.ts";
import {
  decodeBrokerFolder,
  decodeBrokerSecret,
  decodeClusterId,
  decodeIdBlock,
  encodeBrokerFolder,
  encodeClusterId,
} from "../../../packages/coordination/src/znodes/id-znodes.ts";
import { decodeMember } from "../../../packages/coordination/src/znodes/member-znode.ts";
import { decodeOffset } from "../../../packages/coordination/src/znodes/offset-znode.ts";
import {
  decodePartitionState,
  encodePartitionState,
} from "../../../packages/coordination/src/znodes/partition-state-znode.ts";
import { decodeTopic } from "../../../packages/coordination/src/znodes/topic-znode.ts";
import { type Door, type FuzzTarget, type Outcome, refusal } from "../fuzz-target.ts";

const PATH = "/brokers/topics/t/partitions/0/state";

/** What a broker reads of ZooKeeper, by the first byte of the input. */
const DECODERS: readonly ((data: Uint8Array) => unknown)[] = [
  (data) => decodeDeletedTopic("id", data),
  (data) => decodePreferredElection(data),
  (data) => decodeBroker(1, data, 7),
  (data) => decodeConfig(PATH, data),
  (data) => decodeController(data),
  (data) => decodeControllerEpoch(data),
  (data) => decodeGroup(PATH, data),
  (data) => decodeClusterId(data),
  (data) => decodeBrokerSecret(data),
  (data) => decodeBrokerFolder(PATH, data),
  (data) => decodeIdBlock(data),
  (data) => decodeMember(PATH, data, "classic"),
  (data) => decodeMember(PATH, data, "consumer"),
  (data) => decodeOffset(PATH, data, timestamp(1_000)),
  (data) => decodePartitionState(PATH, data),
  (data) => decodeTopic("t", data),
];

export const znodes: FuzzTarget = {
  name: "znodes",
  row: "F-01",
  about: "contents of znodes, which operators edit by hand: understood, or named as malformed",
  inputBytesMax: 1_024,
  smokeExecutions: 4_000,
  allocationSlackBytes: 8_192,
  open(): Door {
    return { seeds: sampleZnodes(), words: WORDS, execute };
  },
};

const WORDS = [
  ...[
    "null",
    "[]",
    "{}",
    '""',
    "-1",
    "1e9",
    "9007199254740993",
    "2147483648",
    '"__proto__"',
    "0.5",
  ],
  ...['"version":', '"offset":', '"partitions":{"0":[1]}', '"topic_id":', '"replicas":[1,1]', ","],
  ...['"leader":-1', '"isr":[]', '"leader_epoch":', "true", '"host":', '"endpoints":["x"]', "4e3"],
].map((word) => Buffer.from(word));

function sampleZnodes(): Buffer[] {
  const texts = [
    '{"version":1,"topic_id":"abcdefghijklmnopqrstuv","partitions":{"0":[1,2],"1":[2]}}',
    '{"version":1,"offset":42,"leader_epoch":3,"metadata":"m","timestamp":1000}',
    '{"version":1,"type":"classic","client_id":"c","client_host":"h","session_timeout_ms":1}',
    '{"version":1,"type":"consumer","epoch":3,"assigned":{"abcdefghijklmnopqrstuv":[0]}}',
    '{"version":1,"partitions":[{"topic":"t","partition":0}]}',
    '{"version":1,"broker":0,"block_start":"1000","block_end":"1999"}',
    '{"version":1,"name":"t","brokers":[1,2],"deleted_at":1000}',
    "42",
  ];
  const contents = [
    ...texts.map((text) => Buffer.from(text)),
    ...[encodeBroker(sampleBroker(1)), encodeConfig({ "cleanup.policy": "delete" })],
    ...[encodeController(brokerId(1), timestamp(1_000)), encodeClusterId("c")],
    ...[encodeBrokerFolder("a", "b"), encodePartitionState(sampleState())],
    Buffer.from(sampleTopicId("t")),
  ];
  return DECODERS.flatMap((_, kind) =>
    contents.map((content) => Buffer.concat([Buffer.of(kind), content])),
  );
}

function execute(input: Buffer): Outcome {
  const kind = (input[0] ?? 0) % DECODERS.length;
  try {
    DECODERS[kind]?.(input.subarray(1));
    return `${kind} understood`;
  } catch (error) {
    return `${kind} ${refusal(error)}`;
  }
}
