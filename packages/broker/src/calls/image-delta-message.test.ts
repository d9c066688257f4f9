import {
  brokerEpoch,
  brokerId,
  controllerEpoch,
  coordinatorEpoch,
  leaderEpoch,
  partitionEpoch,
  type Timestamp,
  type TopicId,
} from "@zoolog/base";
import type { ImageDelta, PartitionImage } from "@zoolog/controller";
import {
  checkResponse,
  decodeMessage,
  encodeMessage,
  PEER_CALLS,
  PEER_MESSAGE_ELEMENTS_MAX,
} from "@zoolog/protocol";
import { imageDeltaMessage, imageDeltaOf } from "./image-delta-message.ts";

const TOPIC_ID = "abcdefghijklmnopqrstuv" as TopicId;

const led: PartitionImage = {
  partition: 0,
  replicas: [brokerId(0), brokerId(1)],
  leader: brokerId(0),
  leaderEpoch: leaderEpoch(0),
  isr: [brokerId(0), brokerId(1)],
  isrBrokerEpochs: [brokerEpoch(2 ** 40), undefined],
  controllerEpoch: controllerEpoch(1),
  partitionEpoch: partitionEpoch(0),
  offlineReplicas: [],
  offlineReason: undefined,
};

const neverLed: PartitionImage = {
  ...led,
  partition: 1,
  leader: undefined,
  partitionEpoch: undefined,
  offlineReplicas: [
    { brokerId: brokerId(1), brokerEpoch: brokerEpoch(7), reason: "EIO", since: 5 as Timestamp },
  ],
  offlineReason: "nobody is left",
};

const full: ImageDelta = {
  clusterId: "cluster",
  controllerId: brokerId(0),
  controllerEpoch: controllerEpoch(1),
  fromVersion: undefined,
  version: 1,
  brokers: [
    {
      brokerId: brokerId(0),
      brokerEpoch: brokerEpoch(3),
      incarnation: "folder",
      endpoints: [{ listener: "HTTP", host: "h", port: 1 }],
      rack: undefined,
      boot: "clean",
      shuttingDown: false,
    },
  ],
  brokersRemoved: [brokerId(9)],
  topics: [{ name: "t", topicId: TOPIC_ID, configs: { a: "b" }, partitions: [led, neverLed] }],
  topicsRemoved: [TOPIC_ID],
  brokerConfigs: [{ name: "<default>", overrides: { c: "d" } }],
  brokerConfigsRemoved: ["1"],
  deletedTopics: [{ topicId: TOPIC_ID, name: "gone", pending: [brokerId(1)] }],
  deletedTopicsRemoved: [TOPIC_ID],
  unreadableTopics: [
    { name: "bad", reason: "is not JSON", topicId: undefined },
    { name: "worse", reason: "is not JSON", topicId: TOPIC_ID },
  ],
  coordinators: [
    {
      slot: 0,
      brokerId: brokerId(0),
      brokerEpoch: brokerEpoch(2 ** 40),
      coordinatorEpoch: coordinatorEpoch(0),
    },
    { slot: 63, brokerId: undefined, brokerEpoch: undefined, coordinatorEpoch: undefined },
  ],
};

function travelled(delta: ImageDelta): ImageDelta {
  const sent = encodeMessage({ delta: imageDeltaMessage(delta) });
  const decoded = decodeMessage(sent, { elementsMax: PEER_MESSAGE_ELEMENTS_MAX });
  const checked = checkResponse(PEER_CALLS["cluster-image"].response, decoded.value);
  expect(checked.fault).toBeUndefined();
  const message = checked.value?.delta;
  if (message === undefined) throw new Error("the delta is not in the message");
  return imageDeltaOf(message);
}

test("what the controller found changed arrives as it was, also what is unknown", () => {
  expect(travelled(full)).toStrictEqual(full);
  const next = { ...full, fromVersion: 0, version: 2, topics: [] };
  expect(travelled(next)).toStrictEqual(next);
});

test("an image of 100,000 partitions fits into one message", () => {
  const partitions = Array.from({ length: 100_000 }, (_, partition) => ({
    ...led,
    partition,
    replicas: [brokerId(0), brokerId(1), brokerId(2)],
    isr: [brokerId(0), brokerId(1), brokerId(2)],
    isrBrokerEpochs: [brokerEpoch(2 ** 34), brokerEpoch(2 ** 34 + 1), brokerEpoch(2 ** 34 + 2)],
  }));
  const topics = [{ name: "t", topicId: TOPIC_ID, configs: {}, partitions }];

  const arrived = travelled({ ...full, topics });

  expect(arrived.topics[0]?.partitions).toHaveLength(100_000);
  expect(arrived.topics[0]?.partitions.at(-1)).toStrictEqual(partitions.at(-1));
});
