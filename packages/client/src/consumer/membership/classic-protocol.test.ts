import { sleep } from "@zoolog/base";
import { collect, outcome, setUp, take, texts } from "../consumer.fixture.ts";

describe("the classic protocol", () => {
  test.each([["range"], ["roundrobin"], ["sticky"], ["cooperative-sticky"]] as const)(
    "%s: members come and go, each record is read, none is skipped",
    async (assignor) => {
      const { consumer, groups, time, write } = setUp({ protocol: "classic", partitions: 6 });
      const values: string[] = [];
      const written: string[] = [];
      const writeRound = async (round: string) => {
        for (let partition = 0; partition < 6; partition++) {
          written.push(`${round}${partition}`);
          await write([`${round}${partition}`], { partition });
        }
      };
      await writeRound("a");
      const members = [consumer({ assignor })];
      void collect(members[0]!, values);
      await time.advanceAndSettle(2_000);
      for (const round of ["b", "c"]) {
        const next = consumer({ assignor });
        members.push(next);
        void collect(next, values);
        await writeRound(round);
        await time.advanceAndSettle(12_000);
      }
      expect(members.map((member) => member.assignment().length)).toEqual([2, 2, 2]);
      await outcome(time, members[0]!.close());
      await writeRound("d");
      await time.advanceAndSettle(12_000);

      expect(new Set(values)).toEqual(new Set(written));
      expect(members.slice(1).map((member) => member.assignment().length)).toEqual([3, 3]);
      expect(Object.values(groups.committed("g"))).toEqual([4, 4, 4, 4, 4, 4]);
    },
  );

  test("cooperative members give up only what moves", async () => {
    const { consumer, time } = setUp({ protocol: "classic", partitions: 4 });
    const revoked: number[] = [];
    const one = consumer({
      onRevoked: (partitions) => void revoked.push(partitions.length),
    });
    void collect(one, []);
    await time.advanceAndSettle(2_000);
    void collect(consumer(), []);
    await time.advanceAndSettle(12_000);

    expect(revoked).toEqual([2]);
    expect(one.assignment()).toHaveLength(2);
  });

  test("who waits for a slow member in a rebalance does not begin another by it", async () => {
    const { brokers, consumer, time } = setUp({ protocol: "classic", partitions: 3 });
    let joins = 0;
    brokers.fault = ({ call }) => {
      if (call === "join-group") joins += 1;
      return undefined;
    };
    const assignor = "range";
    const slow = consumer({ assignor, onRevoked: () => sleep(time.scheduler, 5_000) });
    for (const member of [slow, consumer({ assignor })]) void collect(member, []);
    await time.advanceAndSettle(15_000);
    void collect(consumer({ assignor }), []);
    await time.advanceAndSettle(15_000);
    const before = joins;

    await time.advanceAndSettle(60_000);

    expect(joins).toBe(before);
  });

  test("a static member that comes back takes what it had, and nobody else notices", async () => {
    const { consumer, groups, time } = setUp({ protocol: "classic", partitions: 4 });
    const events: string[] = [];
    const watch = {
      onAssigned: () => void events.push("assigned"),
      onRevoked: () => void events.push("revoked"),
    };
    void collect(consumer({ instanceId: "a", ...watch }), []);
    const first = consumer({ instanceId: "b" });
    void collect(first, []);
    await time.advanceAndSettle(12_000);
    const before = first.assignment().map(({ partition }) => partition);
    const eventsBefore = events.length;

    await outcome(time, first.close());
    expect(groups.members("g")).toHaveLength(2);
    const back = consumer({ instanceId: "b" });
    void collect(back, []);
    await time.advanceAndSettle(12_000);

    expect(back.assignment().map(({ partition }) => partition)).toEqual(before);
    expect(events).toHaveLength(eventsBefore);
  });

  test("a static member that comes back with fewer topics is given those alone", async () => {
    const { brokers, consumer, time } = setUp({ protocol: "classic", partitions: 4 });
    brokers.createTopic("texture", 4);
    const { key, value } = texts;
    const topics = { pattern: "text.*", key, value };
    void collect(consumer({ instanceId: "a", topics }), []);
    const first = consumer({ instanceId: "b", topics });
    void collect(first, []);
    await time.advanceAndSettle(12_000);
    expect(new Set(first.assignment().map(({ topic }) => topic)).size).toBe(2);

    await outcome(time, first.close());
    const back = consumer({ instanceId: "b" });
    void collect(back, []);
    await time.advanceAndSettle(12_000);

    expect(new Set(back.assignment().map(({ topic }) => topic))).toEqual(new Set(["texts"]));
  });

  test("partitions that are added are found and given out, also of a pattern's topics", async () => {
    const { brokers, consumer, time } = setUp({ protocol: "classic" });
    const { key, value } = texts;
    const one = consumer({ topics: { pattern: "text.*", key, value } });
    void collect(one, []);
    await time.advanceAndSettle(2_000);

    brokers.addPartitions("texts", 2);
    brokers.createTopic("texture", 1);
    await time.advanceAndSettle(45_000);

    expect(one.assignment().map(({ partition, topic }) => `${topic}-${partition}`)).toEqual([
      "texts-0",
      "texts-1",
      "texture-0",
    ]);
  });

  test("partitions are found and given out while members come and go all the time", async () => {
    const { brokers, consumer, time } = setUp({ protocol: "classic" });
    const one = consumer();
    void collect(one, []);
    await time.advanceAndSettle(2_000);
    brokers.addPartitions("texts", 2);

    for (let round = 0; round < 5; round++) {
      const guest = consumer();
      void collect(guest, []);
      await time.advanceAndSettle(9_000);
      await outcome(time, guest.close());
    }
    await time.advanceAndSettle(9_000);

    expect(one.assignment().map(({ partition }) => partition)).toEqual([0, 1]);
  });

  test("a static leader that comes back finds what was added while it was away", async () => {
    const { brokers, consumer, newClient, time } = setUp({ protocol: "classic" });
    const first = consumer({ instanceId: "a" });
    void collect(first, []);
    await time.advanceAndSettle(5_000);
    await outcome(time, first.close());
    brokers.addPartitions("texts", 2);

    const back = newClient().consumer({
      ...{ group: "g", topics: [texts], protocol: "classic", instanceId: "a" },
    });
    void collect(back, []);
    await time.advanceAndSettle(45_000);

    expect(back.assignment().map(({ partition }) => partition)).toEqual([0, 1]);
  });

  test.each(["join-group", "sync-group"])(
    "a coordinator that is frozen while %s is parked is left when another one has the group",
    async (parked) => {
      const { brokers, consumer, groups, time, write } = setUp({ protocol: "classic", brokers: 3 });
      await write(["a"]);
      const values: string[] = [];
      brokers.fault = ({ endpoint, call }) =>
        endpoint.endsWith(":0") && call === parked ? "hang" : undefined;
      void collect(consumer(), values);
      await time.advanceAndSettle(2_000);

      groups.coordinator = 2;
      await time.advanceAndSettle(12_000);

      expect(values).toEqual(["a"]);
    },
  );

  test("a member that shares no assignor with the others fails, and is told the option", async () => {
    const { consumer, time } = setUp({ protocol: "classic" });
    void collect(consumer({ assignor: "range" }), []);
    await time.advanceAndSettle(2_000);

    await expect(outcome(time, take(consumer({ assignor: "sticky" }), 1))).rejects.toMatchObject({
      code: "INCONSISTENT_GROUP_PROTOCOL",
      message: expect.stringMatching(/^group g: /),
      hint: expect.stringContaining("options `protocol` and `assignor`"),
    });
  });

  test("a member that speaks another protocol than the others is told the option", async () => {
    const { consumer, time } = setUp({ protocol: "classic" });
    void collect(consumer(), []);
    await time.advanceAndSettle(2_000);

    const other = take(consumer({ protocol: "consumer" }), 1);

    await expect(outcome(time, other)).rejects.toMatchObject({
      code: "INCONSISTENT_GROUP_PROTOCOL",
      hint: expect.stringContaining("options `protocol` and `assignor`"),
    });
  });
});
