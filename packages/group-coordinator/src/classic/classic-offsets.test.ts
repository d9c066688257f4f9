/** Who may commit, and when a group or its offsets may go. */
import { as, GroupUnderTest, outcome } from "../group.fixture.ts";
import { stable, subscription } from "./classic.fixture.ts";

describe("commits", () => {
  test("come from members of the generation, and not while the leader assigns", () => {
    const test = stable(["a"]);

    expect(outcome(test.commit("a", 1))).toBe("commitOffsets");
    expect(outcome(test.commit("a", 0))).toBe("ILLEGAL_GENERATION");
    expect(outcome(test.commit("x", 1))).toBe("UNKNOWN_MEMBER_ID");
    expect(outcome(test.commit(undefined, undefined))).toBe("UNKNOWN_MEMBER_ID");
    expect(outcome(test.commit("a", undefined))).toBe("ILLEGAL_GENERATION");
    expect(outcome(test.commit(undefined, 1))).toBe("UNKNOWN_MEMBER_ID");
    test.join({ memberId: "a" });
    expect(outcome(test.commit("a", 2))).toBe("REBALANCE_IN_PROGRESS");
  });

  test("of a generation are taken while the next is prepared", () => {
    const test = stable(["a", "b"]);
    test.join({ memberIdCandidate: "c" });

    expect(outcome(test.commit("a", 1))).toBe("commitOffsets");
  });

  test("without membership make a group that only keeps offsets", () => {
    const test = new GroupUnderTest({ orders: 1 });

    test.commit(undefined, undefined);

    expect(test.records).toMatchObject([
      { type: "groupChanged" },
      { type: "offsetCommitted", value: { offset: 7, topicId: "#orders", timestamp: 0 } },
    ]);
    expect(test.group).toMatchObject({ type: "classic", state: "Empty", protocolType: "" });
  });

  test("without a generation are taken from whoever it is, while nobody is in the group", () => {
    const test = stable(["a"]);

    expect(outcome(test.commit("left-behind", undefined))).toBe("UNKNOWN_MEMBER_ID");
    test.fire("session:a");
    expect(outcome(test.commit("left-behind", undefined))).toBe("commitOffsets");
    expect(outcome(test.commit("left-behind", 1))).toBe("UNKNOWN_MEMBER_ID");
  });

  test("of no offset make the group forget the one it has", () => {
    const test = new GroupUnderTest({ orders: 1 });
    const forget = () => {
      const topics = [{ topic: "orders", partitions: [{ partition: 0 }] }];
      const nobody = { memberId: undefined, groupInstanceId: undefined };
      const event = { type: "commitOffsets", ...nobody, generationIdOrMemberEpoch: undefined };
      return as("commitOffsets", test.ask({ ...event, topics } as never)).partitions;
    };

    expect(forget()).toMatchObject([{ error: undefined }]);
    expect(test.group).toBeUndefined();
    test.commit(undefined, undefined);
    expect(forget()).toMatchObject([{ error: undefined }]);
    expect(test.records).toEqual([{ type: "offsetDeleted", topic: "orders", partition: 0 }]);
  });

  test("name what is wrong with a partition, and take the others", () => {
    const test = new GroupUnderTest({ orders: 1 });

    const unknown = as("commitOffsets", test.commit(undefined, undefined, "nowhere"));
    const long = as(
      "commitOffsets",
      test.commit(undefined, undefined, "orders", "ü".repeat(2_049)),
    );
    const fits = as(
      "commitOffsets",
      test.commit(undefined, undefined, "orders", "ü".repeat(2_048)),
    );

    expect(unknown.partitions[0]?.error?.code).toBe("UNKNOWN_TOPIC_OR_PARTITION");
    expect(long.partitions[0]?.error?.code).toBe("OFFSET_METADATA_TOO_LARGE");
    expect(fits.partitions[0]?.error).toBeUndefined();
  });
});

describe("deleting", () => {
  test("a group needs it to be empty", () => {
    const test = stable(["a"]);

    expect(outcome(test.ask({ type: "deleteGroup" }))).toBe("NON_EMPTY_GROUP");
    test.fire("session:a");
    expect(outcome(test.ask({ type: "deleteGroup" }))).toBe("deleteGroup");
    expect(outcome(test.ask({ type: "deleteGroup" }))).toBe("GROUP_ID_NOT_FOUND");
    expect(test.group).toBeUndefined();
  });

  test("a group that was found without offsets goes when nobody is in it or on the way", () => {
    const test = stable(["a"]);

    test.run({ type: "foundWithoutOffsets" });
    const withMember = test.group?.members.size;
    test.fire("session:a");
    test.join({ memberIdCandidate: "b", requiresKnownMemberId: true });
    test.run({ type: "foundWithoutOffsets" });
    const withPending = test.group?.type;
    test.fire("pending:b");
    test.run({ type: "foundWithoutOffsets" });

    expect([withMember, withPending]).toEqual([1, "classic"]);
    expect(test.group).toBeUndefined();
    expect(test.stored.exists).toBe(false);
  });

  test("offsets needs their topic not to be subscribed", () => {
    const protocols = [{ name: "range", metadata: subscription("orders") }];
    const test = stable(["a"], () => ({ protocols }));
    const topics = ["orders", "old"].map((topic) => ({ topic, partitions: [0] }));

    const answer = as("deleteOffsets", test.ask({ type: "deleteOffsets", topics }));

    expect(answer.partitions.map(({ error }) => error?.code)).toEqual([
      "GROUP_SUBSCRIBED_TO_TOPIC",
      undefined,
    ]);
    expect(test.records).toEqual([{ type: "offsetDeleted", topic: "old", partition: 0 }]);
  });

  test("offsets of what can be no partition finds none", () => {
    const test = stable(["a"]);
    test.fire("session:a");
    const topics = [
      { topic: "../brokers", partitions: [0] },
      { topic: "orders", partitions: [-1] },
    ];

    const answer = as("deleteOffsets", test.ask({ type: "deleteOffsets", topics }));

    const unknown = { error: { code: "UNKNOWN_TOPIC_OR_PARTITION" } };
    expect(answer.partitions).toMatchObject([unknown, unknown]);
    expect(test.records).toEqual([]);
  });

  test("offsets of members whose subscription cannot be read is refused", () => {
    const test = stable(["a"]);

    const topics = [{ topic: "old", partitions: [0] }];

    expect(outcome(test.ask({ type: "deleteOffsets", topics }))).toBe("NON_EMPTY_GROUP");
  });
});
