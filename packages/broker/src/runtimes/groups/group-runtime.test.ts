import { ZoologError } from "@zoolog/base";
import {
  COORDINATOR_SLOTS,
  coordinatorSlot,
  DEFAULT_GROUP_SETTINGS,
} from "@zoolog/group-coordinator";
import {
  classicJoin,
  commit,
  GROUP,
  heartbeat,
  joined,
  LATER,
  sameSlot,
  started,
  TOPIC_ID,
  World,
  watched,
} from "./group-runtime.fixture.ts";
import { CONFIRMED_FOR_MS } from "./slot-authority.ts";

describe("answers", () => {
  test("wait until ZooKeeper has what they say", async () => {
    const world = await started();
    world.stores[1].hold();

    const joining = watched(world.submit(1, heartbeat("join")));
    await world.settle();
    const before = joining.state;
    world.stores[1].release();
    await world.settle();

    expect([before, joining.state]).toEqual(["pending", "answered"]);
    expect([...(world.groups.groups.get(GROUP)?.members.keys() ?? [])]).toEqual(["m1"]);
  });

  test("that change nothing wait for what they rest on", async () => {
    const world = await started();
    world.stores[1].hold();
    void world.submit(1, heartbeat("join")).catch(() => {});
    const [epoch] = [...(world.brokers[1].state(GROUP)?.members.values() ?? [])].map((one) =>
      one.type === "consumer" ? one.epoch : 0,
    );

    const beating = watched(world.submit(1, heartbeat(epoch ?? 0)));
    await world.settle();
    const before = beating.state;
    world.stores[1].release();
    await world.settle();

    expect([before, beating.state]).toEqual(["pending", "answered"]);
  });

  test("to a commit come when the offset stands in ZooKeeper", async () => {
    const world = await started();

    await world.submit(1, commit(42));

    expect(world.groups.committed(GROUP, "orders", 0)).toMatchObject({
      offset: 42,
      topicId: TOPIC_ID,
    });
  });
});

describe("a group without offsets", () => {
  const none = async (): Promise<boolean> => false;
  const leave = { type: "leaveGroup", members: [{ memberId: "m1", reason: "" }] };

  test("is removed when nobody is in it", async () => {
    const world = await started();
    await world.submit(1, heartbeat("join"));

    await world.brokers[1].removeIfUnused(GROUP, none);
    const inUse = world.groups.groups.has(GROUP);
    await world.submit(1, leave);
    await world.brokers[1].removeIfUnused(GROUP, none);
    await world.settle();

    expect(inUse).toBe(true);
    expect(world.groups.groups.has(GROUP)).toBe(false);
    expect(world.brokers[1].snapshot()).toEqual([]);
  });

  test("stays when it has some after all, or somebody comes while that is looked up", async () => {
    const world = await started();
    await world.submit(1, heartbeat("join"));
    await world.submit(1, leave);

    await world.brokers[1].removeIfUnused(GROUP, async () => true);
    const withSome = world.groups.groups.has(GROUP);
    await world.brokers[1].removeIfUnused(GROUP, async () => {
      await world.submit(1, commit(7));
      return false;
    });
    await world.settle();

    expect(withSome).toBe(true);
    expect(world.groups.committed(GROUP, "orders", 0)).toMatchObject({ offset: 7 });
    expect(world.brokers[1].state(GROUP)).toBeDefined();
  });

  test("is looked up when what it has decided is written", async () => {
    const world = await started();
    await world.submit(1, heartbeat("join"));
    await world.submit(1, leave);
    world.stores[1].hold();
    void world.submit(1, commit(7));
    let looked = false;

    const removing = world.brokers[1].removeIfUnused(GROUP, async () => {
      looked = true;
      return world.groups.committed(GROUP, "orders", 0) !== undefined;
    });
    await world.settle();
    const early = looked;
    world.stores[1].release();
    await removing;

    expect([early, looked]).toEqual([false, true]);
    expect(world.brokers[1].state(GROUP)).toBeDefined();
  });
});

describe("while ZooKeeper is away", () => {
  test.each(["suspended", "expired"] as const)("(%s) every call is refused", async (state) => {
    const world = await started();
    await world.submit(1, heartbeat("join"));

    world.stores[1].become(state);

    const code = "COORDINATOR_NOT_AVAILABLE";
    await expect(world.submit(1, commit(1))).rejects.toMatchObject({ code, retriable: true });
    expect(() => world.brokers[1].state(GROUP)).toThrow(expect.objectContaining({ code }));
    expect(() => world.brokers[1].list()).toThrow(expect.objectContaining({ code }));
  });

  test("or the lease is over, every call is refused", async () => {
    const world = await started();

    world.stores[1].leaseMs = 0;

    const code = "COORDINATOR_NOT_AVAILABLE";
    await expect(world.submit(1, commit(1))).rejects.toMatchObject({ code });
  });

  test("nobody is called silent, and all have their whole time again afterwards", async () => {
    const world = await started();
    await world.submit(1, heartbeat("join"));
    const session = DEFAULT_GROUP_SETTINGS.consumerSessionTimeoutMs;

    await world.settle(session - 1_000);
    world.stores[1].become("suspended");
    await world.settle(3 * session);
    world.stores[1].become("connected");
    await world.settle(session - 1_000);
    const meanwhile = world.brokers[1].state(GROUP)?.members.size;
    await world.settle(2_000);

    expect(meanwhile).toBe(1);
    expect(world.brokers[1].state(GROUP)?.members.size ?? 0).toBe(0);
  });
});

describe("callers", () => {
  test("who hang up do not wait any more, and hold nothing", async () => {
    const world = await started();
    await world.submit(1, classicJoin("m1"));
    const caller = new AbortController();
    const parked = watched(world.submit(1, classicJoin("m2"), caller.signal));
    await world.settle();

    caller.abort(new Error("gone"));
    await world.settle();

    expect(parked.state).toBe("refused");
    expect(world.brokers[1].budget.waiting).toBe(0);
  });

  test("who hang up do not wait for ZooKeeper to say whose the slot is", async () => {
    const world = await started();
    const epoch = await joined(world);
    await world.settle(CONFIRMED_FOR_MS + 1);
    world.stores[1].hold();
    const caller = new AbortController();
    const beating = watched(world.submit(1, heartbeat(epoch), caller.signal));
    await world.settle();
    const before = beating.state;

    caller.abort(new Error("gone"));
    await world.settle();

    expect([before, beating.state]).toEqual(["pending", "refused"]);
  });

  test("of a group that is not there leave nothing behind", async () => {
    const world = await started();

    const answer = await world.submit(1, heartbeat(3));

    expect(answer.type).toBe("refused");
    expect(world.brokers[1].list()).toEqual([]);
  });

  test("who never come back with the id they were told leave nothing behind", async () => {
    const world = await started();
    await world.submit(1, { ...classicJoin("m1"), requiresKnownMemberId: true });
    const joining = world.brokers[1].namesUsed;

    await world.settle(10_000);

    expect(joining).toBeGreaterThan(0);
    expect(world.brokers[1].namesUsed).toBe(0);
  });

  test("who hang up before their group is deleted leave nothing of it behind", async () => {
    const world = await started();
    await world.submit(1, commit(1));
    world.stores[1].hold();
    const caller = new AbortController();
    void watched(world.submit(1, { type: "deleteGroup" }, caller.signal));
    caller.abort(new Error("gone"));
    await world.settle();

    world.stores[1].release();
    await world.settle();

    expect(world.brokers[1].namesUsed).toBe(0);
  });

  test("without a group's name are told so", async () => {
    const world = await started();
    const nameless = () => world.brokers[1].state("");
    expect(nameless).toThrow(expect.objectContaining({ code: "INVALID_GROUP_ID" }));
  });
});

test("a topic that grows reaches the members of its groups", async () => {
  const world = await started();
  await world.submit(1, heartbeat("join"));
  const { rebalances } = world.brokers[1].counters;

  world.brokers[1].follow(world.grown(1));
  await world.settle(1_000);
  await world.submit(1, heartbeat(1));

  expect(world.brokers[1].counters.rebalances).toBe(rebalances + 1);
});

test("a slot takes groups as long as all can be listed, and those that are there go on", async () => {
  const world = await started();
  const slot = coordinatorSlot(GROUP);
  const names = Array.from({ length: 20_000 }, (_, i) => `${i}${"群".repeat(110)}`);
  const ofSlot = names.filter((name) => coordinatorSlot(name) === slot);
  await world.submit(1, commit(1));

  const made: string[] = [];
  let refusal: unknown;
  for (const name of ofSlot) {
    refusal = await world.submit(1, commit(1), LATER, name).catch((error: unknown) => error);
    if (refusal instanceof Error) break;
    made.push(name);
  }
  const [first = ""] = made;
  await world.submit(1, commit(2), LATER, first);
  await world.submit(1, commit(1), LATER, sameSlot("other"));
  const full = world.brokers[1].namesUsed;
  await world.submit(1, { type: "deleteGroup" }, LATER, first);
  await world.submit(1, commit(1), LATER, ofSlot.at(-1));

  expect(refusal).toMatchObject({ code: "POLICY_VIOLATION", retriable: false });
  expect(made.length * 1_000 * COORDINATOR_SLOTS).toBeGreaterThan(6 * 1024 * 1024);
  expect(made.length * 1_000 * COORDINATOR_SLOTS).toBeLessThan(8 * 1024 * 1024);
  expect(full).toBeGreaterThan(0.98);
});

test("all slots of a broker are opened together and read in one pass over the groups", async () => {
  const world = await started();

  expect(world.stores[1]).toMatchObject({ opened: 1, reads: 1 });
  expect(world.brokers[1].slots).toEqual({ loaded: COORDINATOR_SLOTS, loading: 0 });
});

test("slots whose groups cannot be read leave no writers behind, and are opened again", async () => {
  const world = new World();
  const [store, broker] = [world.stores[2], world.brokers[2]];
  store.readFailure = new ZoologError({ code: "COORDINATION_UNAVAILABLE", message: "too slow" });

  world.give(2);
  for (let attempts = 1; attempts < 4; attempts++) await world.settle(500);
  const failing = { opened: store.opened, writing: store.writing, slots: broker.slots };
  store.readFailure = undefined;
  await world.settle(1_000);

  expect(failing).toEqual({
    opened: 4,
    writing: 0,
    slots: { loaded: 0, loading: COORDINATOR_SLOTS },
  });
  expect(store.writing).toBe(COORDINATOR_SLOTS);
  expect(broker.slots).toEqual({ loaded: COORDINATOR_SLOTS, loading: 0 });
});
