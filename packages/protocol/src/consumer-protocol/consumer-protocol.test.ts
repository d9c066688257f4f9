import fc from "fast-check";
import { decodeConsumerAssignment, encodeConsumerAssignment } from "./consumer-assignment.ts";
import {
  type ConsumerSubscription,
  decodeConsumerSubscription,
  encodeConsumerSubscription,
} from "./consumer-subscription.ts";
import {
  decodeCooperativeStickyUserData,
  decodeStickyUserData,
  encodeCooperativeStickyUserData,
  encodeStickyUserData,
} from "./sticky-user-data.ts";

const hex = (text: string) => Buffer.from(text.replaceAll(/\s/g, ""), "hex");

/** Written by hand from Kafka's message definitions (ConsumerProtocolSubscription.json). */
const SUBSCRIPTION: ConsumerSubscription = {
  topics: ["ab", "c"],
  userData: Buffer.from([7, 8]),
  owned: [{ topic: "c", partitions: [0, 2] }],
  generation: 5,
  rack: "r1",
};
const TOPICS_AND_USER_DATA = "00000002 0002 6162 0001 63  00000002 0708";
const OWNED = "00000001 0001 63 00000002 00000000 00000002";

test.each([
  [0, `0000 ${TOPICS_AND_USER_DATA}`],
  [1, `0001 ${TOPICS_AND_USER_DATA} ${OWNED}`],
  [2, `0002 ${TOPICS_AND_USER_DATA} ${OWNED} 00000005`],
  [3, `0003 ${TOPICS_AND_USER_DATA} ${OWNED} 00000005 0002 7231`],
])("a subscription of version %i is Kafka's bytes and is read back", (version, golden) => {
  const { topics, userData, owned, generation, rack } = SUBSCRIPTION;

  expect(encodeConsumerSubscription(SUBSCRIPTION, version)).toEqual(hex(golden));
  expect(decodeConsumerSubscription(hex(golden)).fault).toBeUndefined();
  expect(decodeConsumerSubscription(hex(golden))).toEqual({
    value: {
      topics,
      userData,
      ...(version >= 1 ? { owned } : {}),
      ...(version >= 2 ? { generation } : {}),
      ...(version >= 3 ? { rack } : {}),
    },
  });
});

test("what is missing is -1 on the wire and absent here", () => {
  const golden = hex("0003 00000000 ffffffff 00000000 ffffffff ffff");

  expect(encodeConsumerSubscription({ topics: [] })).toEqual(golden);
  expect(decodeConsumerSubscription(golden)).toEqual({ value: { topics: [], owned: [] } });
});

test("a newer version is read as the newest known one, and its new fields are passed over", () => {
  const golden = hex(`0009 ${TOPICS_AND_USER_DATA} ${OWNED} 00000005 0002 7231 cafe`);

  expect(decodeConsumerSubscription(golden)).toEqual({ value: SUBSCRIPTION });
});

test("an assignment is Kafka's bytes, sorted, and no bytes are no partitions", () => {
  const golden = hex(
    "0003 00000002 0001 61 00000001 00000001 0001 62 00000002 00000000 00000003 ffffffff",
  );
  const assigned = [
    { topic: "a", partitions: [1] },
    { topic: "b", partitions: [0, 3] },
  ];

  const shuffled = [
    { topic: "b", partitions: [3, 0] },
    { topic: "a", partitions: [1] },
  ];
  expect(encodeConsumerAssignment({ assigned: shuffled })).toEqual(golden);
  expect(decodeConsumerAssignment(golden)).toEqual({ value: { assigned } });
  expect(decodeConsumerAssignment(Buffer.alloc(0))).toEqual({ value: { assigned: [] } });
});

test("kafkajs reads our payloads, and we read its own", () => {
  const { AssignerProtocol } = require("kafkajs");
  const member = AssignerProtocol.MemberMetadata.encode({
    version: 1,
    topics: ["a"],
    userData: Buffer.from("x"),
  });
  const given = AssignerProtocol.MemberAssignment.encode({
    version: 1,
    assignment: { a: [0, 1] },
    userData: Buffer.alloc(0),
  });

  // kafkajs claims version 1 without the field of version 1: its bytes are those of version 0.
  member.writeInt16BE(0, 0);
  expect(decodeConsumerSubscription(member)).toEqual({
    value: { topics: ["a"], userData: Buffer.from("x") },
  });
  expect(decodeConsumerAssignment(given)).toMatchObject({
    value: { assigned: [{ topic: "a", partitions: [0, 1] }] },
  });
  const ours = encodeConsumerSubscription({ topics: ["a", "b"], userData: Buffer.alloc(0) });
  expect(AssignerProtocol.MemberMetadata.decode(ours)).toMatchObject({ topics: ["a", "b"] });
  const assigned = [{ topic: "a", partitions: [0, 1] }];
  expect(
    AssignerProtocol.MemberAssignment.decode(encodeConsumerAssignment({ assigned })).assignment,
  ).toEqual({ a: [0, 1] });
});

test("the sticky assignors' user data are Kafka's bytes", () => {
  const golden = hex("00000001 0001 61 00000002 00000000 00000001 00000004");
  const owned = [{ topic: "a", partitions: [0, 1] }];

  expect(encodeStickyUserData({ owned, generation: 4 })).toEqual(golden);
  expect(decodeStickyUserData(golden)).toEqual({ value: { owned, generation: 4 } });
  // Version 0 ends behind the partitions.
  expect(decodeStickyUserData(golden.subarray(0, -4))).toEqual({ value: { owned } });
  expect(encodeCooperativeStickyUserData(4)).toEqual(hex("00000004"));
  expect(decodeCooperativeStickyUserData(hex("00000004"))).toEqual({ value: { generation: 4 } });
  expect(decodeCooperativeStickyUserData(encodeCooperativeStickyUserData(undefined))).toEqual({
    value: {},
  });
});

test("bytes that end early or lie about a count are a fault, whatever they are", () => {
  const whole = encodeConsumerSubscription(SUBSCRIPTION);
  for (let length = 0; length < whole.length; length++) {
    expect(decodeConsumerSubscription(whole.subarray(0, length)).fault).toBeDefined();
  }
  expect(decodeConsumerSubscription(hex("0000 7fffffff")).fault).toMatch(/cannot hold/);
  expect(decodeConsumerAssignment(hex("0000 00000001 0001 61 00000001 ffffffff")).fault).toMatch(
    /no partition -1/,
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      decodeConsumerSubscription(bytes);
      decodeConsumerAssignment(bytes);
      decodeStickyUserData(bytes);
      decodeCooperativeStickyUserData(bytes);
    }),
  );
});

test("any subscription survives the way there and back", () => {
  const topicPartitions = fc.uniqueArray(
    fc.record({
      topic: fc.string({ maxLength: 20, unit: "grapheme" }),
      partitions: fc.uniqueArray(fc.nat(100_000), { maxLength: 5 }),
    }),
    { maxLength: 4, selector: ({ topic }) => topic },
  );
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ maxLength: 9 })),
      topicPartitions,
      fc.nat(),
      (topics, owned, generation) => {
        const decoded = decodeConsumerSubscription(
          encodeConsumerSubscription({ topics, owned, generation }),
        );
        expect(decoded.fault === undefined && new Set(decoded.value.topics)).toEqual(
          new Set(topics),
        );
        const byTopic = (list: typeof owned) =>
          new Map(list.map((o) => [o.topic, [...o.partitions].sort((a, b) => a - b)]));
        expect(
          decoded.fault === undefined && byTopic([...(decoded.value.owned ?? [])] as typeof owned),
        ).toEqual(byTopic(owned));
      },
    ),
  );
});
