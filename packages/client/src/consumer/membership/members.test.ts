import { deferred } from "@zoolog/base";
import { collect, setUp } from "../consumer.fixture.ts";

/** Calls that go to the coordinator. */
const GROUP_CALL = /group|heartbeat|offsets$/u;

describe.each(["consumer", "classic"] as const)(
  "members of a group by the %s protocol",
  (protocol) => {
    test("shares partitions; who gives one up has committed what it handled of it", async () => {
      const { consumer, groups, time, write } = setUp({ protocol, partitions: 4 });
      for (const partition of [0, 1, 2, 3]) await write([`p${partition}`], { partition });
      const first: string[] = [];
      const revoked: string[] = [];
      const a = consumer({
        commitIntervalMs: 3_600_000,
        onRevoked: (partitions) => {
          for (const { partition, topic } of partitions) {
            revoked.push(
              `${topic}-${partition} at ${groups.committed("g")[`${topic}-${partition}`]}`,
            );
          }
        },
      });
      void collect(a, first);
      await time.advanceAndSettle(2_000);
      expect(first.sort()).toEqual(["p0", "p1", "p2", "p3"]);

      const second: string[] = [];
      const b = consumer();
      void collect(b, second);
      await time.advanceAndSettle(5_000);

      expect([a.assignment().length, b.assignment().length]).toEqual([2, 2]);
      expect(revoked).toHaveLength(2);
      for (const line of revoked) expect(line).toMatch(/ at 1$/);
      for (const partition of [0, 1, 2, 3]) await write([`q${partition}`], { partition });
      await time.advanceAndSettle(2_000);
      expect([...first, ...second].sort()).toEqual("p0 p1 p2 p3 q0 q1 q2 q3".split(" "));
    });

    test("a slow loop body keeps its heartbeats, and its partition until it ends", async () => {
      const { consumer, groups, time, write } = setUp({ protocol, partitions: 2 });
      for (const partition of [0, 1]) await write([`p${partition}`], { partition });
      const gate = deferred<void>();
      const first: string[] = [];
      const a = consumer();
      void collect(a, first, () => gate.promise);
      await time.advanceAndSettle(100_000);
      expect(groups.members("g")).toHaveLength(1);

      const second: string[] = [];
      void collect(consumer(), second);
      await time.advanceAndSettle(20_000);
      // The record in hand may be of the partition that goes; then it waits.
      const busy = first[0] === "p0" ? "p0" : "p1";
      expect(second).not.toContain(busy);

      gate.resolve();
      await time.advanceAndSettle(5_000);
      expect([...first, ...second].sort()).toEqual(["p0", "p1"]);
    });

    test("who is fenced has lost everything, commits nothing of it, and joins again", async () => {
      const { consumer, groups, time, write } = setUp({ protocol });
      await write(["a", "b"]);
      const lost: number[] = [];
      const gate = deferred<void>();
      const values: string[] = [];
      void collect(
        consumer({ onLost: (partitions) => void lost.push(partitions.length) }),
        values,
        ({ value }) => (value === "b" && values.length === 2 ? gate.promise : undefined),
      );
      await time.advanceAndSettle(3_000);
      expect(groups.committed("g")).toEqual({ "texts-0": 1 });

      groups.fence("g");
      groups.setCommitted("g", "texts-0", 2);
      await time.advanceAndSettle(3_000);
      gate.resolve();
      await time.advanceAndSettle(3_000);

      expect(lost).toEqual([1]);
      expect(values).toEqual(["a", "b"]);
      expect(groups.committed("g")).toEqual({ "texts-0": 2 });
    });

    test("nothing is handed out once the coordinator was silent for a session", async () => {
      const { brokers, consumer, groups, time, write } = setUp({ protocol, brokers: 2 });
      groups.coordinator = 1;
      groups.sessionTimeoutMs = 10_000;
      await write(["a"]);
      const values: string[] = [];
      const lost: number[] = [];
      const a = consumer({
        sessionTimeoutMs: 10_000,
        onLost: () => void lost.push(time.clock.monotonic()),
      });
      void collect(a, values);
      await time.advanceAndSettle(2_000);
      const silentSince = time.clock.monotonic();
      brokers.fault = ({ call }) => (GROUP_CALL.test(call) ? "hang" : undefined);

      await time.advanceAndSettle(10_500);
      brokers.fault = ({ call }) => (GROUP_CALL.test(call) ? "refuse" : undefined);
      await write(["b"]);
      await time.advanceAndSettle(5_000);

      expect(lost).toHaveLength(1);
      expect(lost[0]! - silentSince).toBeLessThanOrEqual(10_000);
      expect(values).toEqual(["a"]);
      expect(a.assignment()).toEqual([]);
      brokers.fault = () => undefined;
      // A join that nobody answers is given up when the rebalance would be over.
      await time.advanceAndSettle(100_000);
      expect(values).toEqual(["a", "b"]);
    });

    test("a coordinator that moves costs neither a member nor a partition", async () => {
      const { brokers, consumer, errors, groups, logged, time, write } = setUp({
        protocol,
        brokers: 3,
      });
      await write(["a"]);
      const events: string[] = [];
      const values: string[] = [];
      void collect(
        consumer({
          onRevoked: () => void events.push("revoked"),
          onLost: () => void events.push("lost"),
        }),
        values,
      );
      await time.advanceAndSettle(2_000);
      const [member] = groups.members("g");

      groups.coordinator = undefined;
      brokers.fault = ({ endpoint, call }) =>
        endpoint.endsWith(":0") && GROUP_CALL.test(call) ? "refuse" : undefined;
      await time.advanceAndSettle(3_000);
      groups.coordinator = 2;
      await write(["b"]);
      await time.advanceAndSettle(3_000);

      expect(groups.members("g")).toEqual([member]);
      expect(events).toEqual([]);
      expect(values).toEqual(["a", "b"]);
      expect(groups.committed("g")).toEqual({ "texts-0": 2 });
      // Routine: whoever watches for errors is not woken.
      expect(errors).toEqual([]);
      expect(logged.filter((line) => line.includes("coordinator"))).toEqual([
        "info: group coordinator is away, which is routine when it moves",
        "info: group coordinator answers again",
      ]);
    });

    test("a broker that still names the former coordinator is not the only one that is asked", async () => {
      const { brokers, consumer, groups, time, write } = setUp({ protocol, brokers: 3 });
      await write(["a"]);
      const values: string[] = [];
      const lost: unknown[] = [];
      void collect(consumer({ onLost: (partitions) => void lost.push(partitions) }), values);
      await time.advanceAndSettle(2_000);
      const asked = brokers.requests.find(({ call }) => call === "find-coordinator")?.endpoint;

      groups.believed.set(brokers.endpoints.indexOf(asked ?? ""), 0);
      groups.coordinator = 1;
      await write(["b"]);
      await time.advanceAndSettle(60_000);

      expect(lost).toEqual([]);
      expect(values).toEqual(["a", "b"]);
      expect(groups.committed("g")).toEqual({ "texts-0": 2 });
    });

    test("a commit whose answer is lost does not keep a partition from being given up in time", async () => {
      const { brokers, consumer, groups, time, write } = setUp({ protocol, partitions: 2 });
      for (const partition of [0, 1]) await write(["a"], { partition });
      const revokedAt: number[] = [];
      let isLost = false;
      brokers.fault = ({ call }) => (call === "commit-offsets" && isLost ? "hang" : undefined);
      const a = consumer({
        rebalanceTimeoutMs: 10_000,
        sessionTimeoutMs: 6_000,
        commitIntervalMs: 1_000,
        onRevoked: () => void revokedAt.push(time.clock.monotonic()),
      });
      groups.sessionTimeoutMs = 6_000;
      const values: string[] = [];
      void collect(a, values);
      await time.advanceAndSettle(3_000);
      isLost = true;
      for (const partition of [0, 1]) await write(["b"], { partition });
      await time.advanceAndSettle(1_500);
      isLost = false;
      for (const partition of [0, 1]) await write(["c"], { partition });
      const joinedAt = time.clock.monotonic();

      void collect(consumer({ rebalanceTimeoutMs: 10_000, sessionTimeoutMs: 6_000 }), values);
      await time.advanceAndSettle(30_000);

      expect(revokedAt).toHaveLength(1);
      expect((revokedAt[0] ?? 0) - joinedAt).toBeLessThan(10_000);
      // What no answer says to be committed is handled again by whoever reads next.
      expect(new Set(values)).toEqual(new Set(["a", "b", "c"]));
    });

    test("a coordinator that stays away is told of, once", async () => {
      const { brokers, consumer, errors, time, write } = setUp({ protocol });
      await write(["a"]);
      void collect(consumer({ commitIntervalMs: 3_600_000 }), []);
      await time.advanceAndSettle(2_000);

      brokers.fault = ({ call }) => (GROUP_CALL.test(call) ? "refuse" : undefined);
      await time.advanceAndSettle(30_000);

      expect(errors).toMatchObject([
        { message: expect.stringMatching(/coordinator of group g has not answered for 1\d s/u) },
      ]);
    });

    test("a commit that hangs at a frozen coordinator goes to the one that has the group now", async () => {
      const { brokers, consumer, groups, time, write } = setUp({ protocol, brokers: 3 });
      await write(["a"]);
      void collect(consumer(), []);
      await time.advanceAndSettle(2_000);
      brokers.fault = ({ endpoint, call }) =>
        endpoint.endsWith(":0") && GROUP_CALL.test(call) ? "hang" : undefined;
      await write(["b"]);
      await time.advanceAndSettle(6_000);

      groups.coordinator = 2;
      groups.setCommitted("g", "texts-0", 1);
      await time.advanceAndSettle(6_000);

      expect(groups.committed("g")).toEqual({ "texts-0": 2 });
    });

    test("a commit that waited out a loss does not go out under the next epoch", async () => {
      const { brokers, consumer, groups, time, write } = setUp({ protocol });
      await write(["a", "b"]);
      const one = consumer({ commit: "manual" });
      const reading = collect(one, []);
      await time.advanceAndSettle(1_000);
      brokers.fault = ({ call }) => (call === "commit-offsets" ? "refuse" : undefined);
      const commit = one.commit([{ topic: "texts", partition: 0, offset: 1 }]);
      const refused = commit.catch((error: { code: string }) => error.code);
      await time.advanceAndSettle(1_000);

      groups.fence("g");
      groups.setCommitted("g", "texts-0", 2);
      await time.advanceAndSettle(3_000);
      brokers.fault = () => undefined;
      await time.advanceAndSettle(3_000);

      expect(await refused).toBe("MEMBER_LOST");
      expect(groups.committed("g")).toEqual({ "texts-0": 2 });
      void reading;
    });
  },
);
