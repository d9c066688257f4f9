import { brokerEpoch } from "@zoolog/base";
import { DEFAULT_GROUP_SETTINGS } from "@zoolog/group-coordinator";
import {
  classicJoin,
  commit,
  GROUP,
  heartbeat,
  joined,
  started,
  watched,
} from "./group-runtime.fixture.ts";
import { CONFIRMED_FOR_MS } from "./slot-authority.ts";

describe("a failover", () => {
  test("takes the group over as it is: the same epoch, no rebalance, no commit lost", async () => {
    const world = await started();
    const joined = await world.submit(1, heartbeat("join"));
    if (joined.type !== "consumerGroupHeartbeat") throw new Error(joined.type);
    const { memberEpoch } = joined;
    await world.submit(1, commit(7, { memberId: "m1", generationIdOrMemberEpoch: memberEpoch }));

    world.give(2);
    await world.settle();
    const again = await world.submit(2, heartbeat(Number(memberEpoch)));

    expect(again).toMatchObject({ type: "consumerGroupHeartbeat", memberEpoch });
    expect(world.groups.committed(GROUP, "orders", 0)?.offset).toBe(7);
    expect(world.brokers[2].counters.rebalances).toBe(0);
  });

  test("fences the former coordinator, which has not heard of it", async () => {
    const world = await started();
    await world.submit(1, commit(7));

    world.give(2, [2]);
    await world.settle();
    await world.submit(2, commit(8));
    const zombie = watched(world.submit(1, commit(5)));
    await world.settle();

    expect(zombie).toEqual({ state: "refused", code: "NOT_COORDINATOR" });
    expect(world.groups.committed(GROUP, "orders", 0)?.offset).toBe(8);
  });

  test("that the former coordinator has not heard of is found out by its next heartbeat", async () => {
    const world = await started();
    const epoch = await joined(world);

    world.give(2, [2]);
    await world.settle(CONFIRMED_FOR_MS + 1);
    const beating = watched(world.submit(1, heartbeat(epoch)));
    await world.settle(1_000);
    const again = watched(world.submit(1, heartbeat(epoch)));
    await world.settle();

    expect(beating).toEqual({ state: "refused", code: "NOT_COORDINATOR" });
    // Nothing is being loaded: it is somebody else's.
    expect(again).toEqual({ state: "refused", code: "NOT_COORDINATOR" });
    expect(world.brokers[1].coordinatorOf(GROUP)).toBeUndefined();
    expect(world.brokers[1].slots.loading).toBe(0);
    expect(world.overtaken).toBe(1);
    world.brokers[1].follow(world.image(2));
    expect(world.brokers[1].coordinatorOf(GROUP)).toBe(2);
  });

  test("ends no session that the former coordinator may have said to go on", async () => {
    const world = await started();
    const epoch = await joined(world);
    const members = () => world.brokers[2].state(GROUP)?.members.size;

    world.give(2, [2]);
    await world.settle(CONFIRMED_FOR_MS);
    const last = watched(world.submit(1, heartbeat(epoch)));
    await world.settle(DEFAULT_GROUP_SETTINGS.consumerSessionTimeoutMs - 1);
    const before = members();
    await world.settle(2);

    expect(last.state).toBe("answered");
    expect([before, members()]).toEqual([1, 0]);
  });

  test("is asked about once for all who come meanwhile, and seldom", async () => {
    const world = await started();
    const epoch = await joined(world);
    const { confirms } = world.stores[1];

    await world.settle(CONFIRMED_FOR_MS + 1);
    const beating = [1, 2, 3].map(() => watched(world.submit(1, heartbeat(epoch))));
    await world.settle(CONFIRMED_FOR_MS);
    await world.submit(1, heartbeat(epoch));

    expect(beating.map(({ state }) => state)).toEqual(["answered", "answered", "answered"]);
    expect(world.stores[1].confirms - confirms).toBe(1);
  });

  test("sends everybody who waits to the new coordinator", async () => {
    const world = await started();
    await world.submit(1, classicJoin("m1"));
    const parked = watched(world.submit(1, classicJoin("m2")));
    await world.settle();
    const before = parked.state;

    world.give(2);
    await world.settle();

    expect(before).toBe("pending");
    expect(parked).toEqual({ state: "refused", code: "NOT_COORDINATOR" });
    await expect(world.submit(1, commit(1))).rejects.toMatchObject({ code: "NOT_COORDINATOR" });
    expect(world.brokers[1].budget.waiting).toBe(0);
    expect(world.brokers[1].budget.bytes).toBe(0);
  });

  test("to an earlier life of this broker is none of ours", async () => {
    const world = await started();

    const image = world.image(1);
    const former = image.coordinators.map((slot) => ({ ...slot, brokerEpoch: brokerEpoch(9) }));
    world.brokers[1].follow({ ...image, coordinators: former });

    await expect(world.submit(1, commit(1))).rejects.toMatchObject({ code: "NOT_COORDINATOR" });
  });
});
