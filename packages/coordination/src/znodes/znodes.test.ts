/** Contents as documented, and as hands and accidents leave them. */
import { brokerEpoch, brokerId, controllerEpoch, leaderEpoch, ZoologError } from "@zoolog/base";
import { sampleBroker, sampleState, sampleTopicId } from "@zoolog/testkit";
import fc from "fast-check";
import { decodeDeletedTopic, decodePreferredElection, encodeDeletedTopic } from "./admin-znodes.ts";
import { decodeBroker, encodeBroker, parseBrokerId } from "./broker-znode.ts";
import { decodeConfig, encodeConfig } from "./config-znode.ts";
import { decodeController, decodeControllerEpoch } from "./controller-znodes.ts";
import { decodeClusterId, decodeIdBlock } from "./id-znodes.ts";
import { decodeMember } from "./member-znode.ts";
import { decodePartitionState, encodePartitionState } from "./partition-state-znode.ts";
import { decodeTopic, encodeTopic } from "./topic-znode.ts";

const STATE = "/brokers/topics/t/partitions/0/state";
const bytes = (value: unknown): Uint8Array =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value));

test("a registration reads like one of Kafka's, with four fields of ours", () => {
  const broker = sampleBroker(3, {
    rack: "r",
    endpoints: [
      { listener: "HTTP", host: "::1", port: 8092, securityProtocol: "PLAINTEXT" },
      { listener: "CLIENTS", host: "b.example", port: 9093, securityProtocol: "SASL_SSL" },
    ],
  });

  const data = encodeBroker(broker);

  expect(JSON.parse(Buffer.from(data).toString())).toEqual({
    version: 5,
    host: "::1",
    port: 8092,
    endpoints: ["HTTP://[::1]:8092", "CLIENTS://b.example:9093"],
    listener_security_protocol_map: { HTTP: "PLAINTEXT", CLIENTS: "SASL_SSL" },
    rack: "r",
    jmx_port: -1,
    timestamp: "1700000000000",
    features: {},
    incarnation: "folder-3",
    folder: "disk-3",
    boot_id: "boot",
    boot: "clean",
  });
  expect(decodeBroker(3, data, 77)).toEqual({ ...broker, brokerEpoch: 77 });
});

test("what a folder has lost stands in the registration, by the broker epoch that came after", () => {
  const synced = { "orders-1": brokerEpoch(3), "__proto__-0": brokerEpoch(0) };
  const unsynced = new Set(["orders-0", "orders-2"]);
  const losses = { newFolder: brokerEpoch(7), unclean: brokerEpoch(9), synced, unsynced };
  const data = encodeBroker(sampleBroker(1, { losses, damaged: ["orders-0"] }));

  expect(decodeBroker(1, data, 30)).toMatchObject({ losses, damaged: ["orders-0"] });
});

test("a registration that does not say how it booted may have lost something", () => {
  const data = bytes({ endpoints: ["HTTP://h:1"], incarnation: "x" });

  expect(decodeBroker(3, data, 1)).toMatchObject({ boot: "unclean", rack: undefined });
});

test("states, topics, configs and tombstones survive their way through JSON", () => {
  const state = { ...sampleState({ leader: 2, epoch: 0, isr: [2, 0] }), leader: undefined };
  expect(decodePartitionState(STATE, encodePartitionState(state))).toEqual(state);

  const topic = {
    topicId: sampleTopicId("t"),
    assignment: Array.from({ length: 12 }, (_, i) => [brokerId(i), brokerId(i + 1)]),
  };
  expect(decodeTopic("t", encodeTopic(topic))).toEqual(topic);

  const overrides = { "retention.ms": "1", flush: "os" };
  expect(decodeConfig("/config/topics/t", encodeConfig(overrides))).toEqual(overrides);

  const deleted = { topicId: sampleTopicId("t"), name: "t", pending: [brokerId(1)] };
  expect(decodeDeletedTopic(deleted.topicId, encodeDeletedTopic(deleted))).toEqual(deleted);
});

test("a state without our field has members whose broker epochs are unknown", () => {
  const data = bytes({ version: 1, controller_epoch: 2, leader: 1, leader_epoch: 3, isr: [1, 0] });

  expect(decodePartitionState(STATE, data)).toEqual({
    leader: brokerId(1),
    leaderEpoch: leaderEpoch(3),
    isr: [brokerId(1), brokerId(0)],
    isrBrokerEpochs: [undefined, undefined],
    controllerEpoch: controllerEpoch(2),
  });
  expect(
    decodePartitionState(STATE, encodePartitionState(sampleState({ isr: [0] }))).isrBrokerEpochs,
  ).toEqual([brokerEpoch(100)]);
});

const state = { version: 1, controller_epoch: 1, leader: 1, leader_epoch: 0, isr: [1] };
const topic = { version: 3, topic_id: sampleTopicId("t"), partitions: { "0": [1] } };

test.each<[string, () => unknown, string]>([
  ["no JSON", () => decodePartitionState(STATE, bytes("{")), "is not JSON"],
  ["no text", () => decodeClusterId(Uint8Array.of(0xff, 0xfe)), "is not JSON"],
  ["an array", () => decodePartitionState(STATE, bytes([])), "the content is an array"],
  ["null", () => decodeController(bytes("null")), "the content is null"],
  [
    "a missing field",
    () => decodePartitionState(STATE, bytes({ ...state, leader_epoch: undefined })),
    "leader_epoch is missing, not an integer",
  ],
  [
    "text for a number",
    () => decodePartitionState(STATE, bytes({ ...state, leader: "1" })),
    'leader is "1", not an integer',
  ],
  [
    "a fraction",
    () => decodePartitionState(STATE, bytes({ ...state, leader_epoch: 1.5 })),
    "leader_epoch is 1.5",
  ],
  [
    "a negative epoch",
    () => decodePartitionState(STATE, bytes({ ...state, leader_epoch: -1 })),
    "leader_epoch is out of range: -1",
  ],
  [
    "an epoch that cannot rise",
    () => decodePartitionState(STATE, bytes({ ...state, leader_epoch: 2 ** 31 - 1 })),
    "leader_epoch is out of range: 2147483647",
  ],
  ["an empty ISR", () => decodePartitionState(STATE, bytes({ ...state, isr: [] })), "isr is empty"],
  [
    "a leader outside",
    () => decodePartitionState(STATE, bytes({ ...state, isr: [2] })),
    "leader 1 is not in the isr",
  ],
  [
    "a member twice",
    () => decodePartitionState(STATE, bytes({ ...state, isr: [1, 1] })),
    "isr names a broker twice",
  ],
  [
    "too few epochs",
    () => decodePartitionState(STATE, bytes({ ...state, isr_broker_epochs: [] })),
    "not as long as isr",
  ],
  [
    "a hole",
    () => decodeTopic("t", bytes({ ...topic, partitions: { "0": [1], "2": [1] } })),
    "without holes: 2",
  ],
  ["no partitions", () => decodeTopic("t", bytes({ ...topic, partitions: {} })), "has 0 entries"],
  [
    "no replicas",
    () => decodeTopic("t", bytes({ ...topic, partitions: { "0": [] } })),
    "partition 0 has no replicas",
  ],
  [
    "no topic id",
    () => decodeTopic("t", bytes({ partitions: { "0": [1] } })),
    "topic_id is missing",
  ],
  [
    "a bad topic id",
    () => decodeTopic("t", bytes({ ...topic, topic_id: "../.." })),
    'topic id "../.." is none',
  ],
  ["a bad topic name", () => decodeTopic("a b", bytes(topic)), "a topic name has only letters"],
  [
    "a name for a folder",
    () => decodeDeletedTopic(sampleTopicId("t"), bytes({ topic: "..", brokers: [] })),
    'a topic cannot be named ".."',
  ],
  [
    "config of numbers",
    () => decodeConfig("/config/topics/t", bytes({ config: { a: 1 } })),
    "a is 1, not text",
  ],
  [
    "a bad endpoint",
    () => decodeBroker(1, bytes({ incarnation: "x", endpoints: ["http:/h"] }), 1),
    'endpoint "http:/h" is not LISTENER://host:port',
  ],
  [
    "a port too high",
    () => decodeBroker(1, bytes({ incarnation: "x", endpoints: ["HTTP://h:70000"] }), 1),
    "is not LISTENER://host:port",
  ],
  [
    "an unknown boot",
    () => decodeBroker(1, bytes({ incarnation: "x", endpoints: [], boot: "soft" }), 1),
    'boot is "soft"',
  ],
  ["a broker by name", () => parseBrokerId("first"), "/brokers/ids/first: its name"],
  ["a broker id too high", () => parseBrokerId("2147483648"), "out of range"],
  [
    "a block of words",
    () => decodeIdBlock(bytes({ block_start: "0", block_end: "x" })),
    "block_end is",
  ],
  [
    "an election of what",
    () => decodePreferredElection(bytes({ partitions: [1] })),
    "an item of partitions is 1, not an object",
  ],
])("%s is an error that names the znode and the field", (_what, decode, message) => {
  let thrown: unknown;
  try {
    decode();
  } catch (error) {
    thrown = error;
  }

  expect(thrown).toBeInstanceOf(ZoologError);
  expect(thrown).toMatchObject({ code: "ZNODE_MALFORMED", retriable: false });
  expect((thrown as ZoologError).message).toContain(message);
  expect((thrown as ZoologError).message).toMatch(/^znode \//);
});

test("a member owns no partition that no topic can have: memory is laid out by them", () => {
  const topicId = sampleTopicId("orders");
  const member = (partition: number) =>
    bytes({
      version: 1,
      type: "consumer",
      client_id: "",
      client_host: "",
      rebalance_timeout_ms: 1,
      subscription: { topics: [] },
      epoch: 1,
      previous_epoch: 0,
      assigned: { [topicId]: [partition] },
      revoking: {},
      target: {},
    });

  expect(decodeMember("/m", member(9_999), "consumer")).toMatchObject({ memberEpoch: 1 });
  expect(() => decodeMember("/m", member(1_000_000_000), "consumer")).toThrow(/out of range/);
});

test("whatever somebody writes, reading it ends with a value or a named error", () => {
  const decoders = [
    (data: Uint8Array) => decodePartitionState(STATE, data),
    (data: Uint8Array) => decodeTopic("t", data),
    (data: Uint8Array) => decodeBroker(1, data, 1),
    (data: Uint8Array) => decodeConfig("/config/topics/t", data),
    (data: Uint8Array) => decodeDeletedTopic(sampleTopicId("t"), data),
    decodePreferredElection,
    decodeController,
    decodeControllerEpoch,
    decodeClusterId,
    decodeIdBlock,
  ];
  const fields = fc.constantFrom(
    "version",
    "leader",
    "isr",
    "leader_epoch",
    "partitions",
    "topic_id",
    "config",
    "endpoints",
    "incarnation",
    "brokerid",
    "topic",
    "brokers",
    "id",
    "block_start",
    "block_end",
    "__proto__",
  );
  const edited = fc.oneof(
    fc.uint8Array(),
    fc.json().map(bytes),
    fc.dictionary(fields, fc.jsonValue()).map(bytes),
  );

  fc.assert(
    fc.property(fc.constantFrom(...decoders), edited, (decode, data) => {
      try {
        decode(data);
      } catch (error) {
        expect(error).toMatchObject({ code: "ZNODE_MALFORMED" });
      }
    }),
    { numRuns: 2_000 },
  );
});

test.each(["one", "", "-1", "1.5", "2147483647", "99999999999"])("%j is no epoch", (text) => {
  expect(decodeControllerEpoch(Buffer.from(text))).toBeUndefined();
});

test("an epoch with a newline behind it, as editors leave it, is one", () => {
  expect(decodeControllerEpoch(Buffer.from("12\n"))).toBe(12);
});
