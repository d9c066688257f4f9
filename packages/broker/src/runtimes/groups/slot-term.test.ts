/** What goes wrong with one group, and what of its slot goes on. */
import { errorCode } from "@zoolog/base";
import { COORDINATOR_SLOTS, DEFAULT_GROUP_SETTINGS } from "@zoolog/group-coordinator";
import {
  commit,
  GROUP,
  heartbeat,
  LATER,
  sameSlot,
  started,
  type World,
  watched,
} from "./group-runtime.fixture.ts";

describe("a write that fails", () => {
  test("is told as retriable, and the slot is loaded again while it is ours", async () => {
    const world = await started();
    const joined = await world.submit(1, heartbeat("join"));

    world.stores[1].failNext("COORDINATION_UNAVAILABLE");
    const failed = watched(world.submit(1, heartbeat("join", "m2")));
    await world.settle();
    const meanwhile = world.submit(1, commit(1)).catch(errorCode);
    await world.settle(1_000);

    expect(failed.state).toBe("refused");
    expect(await meanwhile).toBe("COORDINATOR_LOAD_IN_PROGRESS");
    expect([...(world.brokers[1].state(GROUP)?.members.keys() ?? [])]).toEqual(["m1"]);
    expect(joined.type).toBe("consumerGroupHeartbeat");
  });

  test("for its size costs only its own group a second reading", async () => {
    const world = await started();
    await world.submit(1, heartbeat("join"));
    const { opened } = world.stores[1];

    world.stores[1].failNext("GROUP_TOO_LARGE");
    const failed = watched(world.submit(1, heartbeat("join", "m2")));
    await world.settle(1_000);

    expect(failed).toMatchObject({ state: "refused" });
    expect(world.stores[1].opened).toBe(opened);
    expect([...(world.brokers[1].state(GROUP)?.members.keys() ?? [])]).toEqual(["m1"]);
  });

  test("for its size is followed by a reading that finds what was written before", async () => {
    const world = await started();
    world.stores[1].hold();
    const joining = watched(world.submit(1, heartbeat("join")));
    await world.settle();

    world.stores[1].failNext("GROUP_TOO_LARGE");
    const failed = watched(world.submit(1, heartbeat("join", "m2")));
    await world.settle(20_000);
    const meanwhile = await world.submit(1, commit(1)).catch(errorCode);
    world.stores[1].release();
    await world.settle(1_000);

    expect(joining).toEqual({ state: "refused", code: "COORDINATOR_LOAD_IN_PROGRESS" });
    expect(failed.state).toBe("refused");
    expect(meanwhile).toBe("COORDINATOR_LOAD_IN_PROGRESS");
    expect([...(world.brokers[1].state(GROUP)?.members.keys() ?? [])]).toEqual(["m1"]);
  });

  test("of offsets alone leaves the group as it is", async () => {
    const world = await started();
    await world.submit(1, commit(1));
    const { opened, reads } = world.stores[1];

    world.stores[1].failNext("COORDINATOR_BUSY");
    const failed = watched(world.submit(1, commit(2)));
    await world.settle(1_000);

    expect(failed).toEqual({ state: "refused", code: "COORDINATOR_NOT_AVAILABLE" });
    expect(world.stores[1]).toMatchObject({ opened, reads });
    await world.submit(1, commit(3));
  });
});

test("a group whose znode nobody understands is withheld until it is mended", async () => {
  const world = await started();
  await world.submit(1, heartbeat("join"));
  world.groups.faults.set(GROUP, "/consumers/billing is no JSON");
  world.give(2);
  await world.settle();

  const refused = await world.submit(2, commit(1)).catch((error: Error) => error);
  world.groups.faults.clear();
  await world.settle(10_000);

  expect(refused).toMatchObject({ code: "COORDINATOR_NOT_AVAILABLE" });
  expect((refused as Error).message).toContain("/consumers/billing is no JSON");
  expect(world.brokers[2].state(GROUP)?.members.size).toBe(1);
});

describe("a group that breaks its coordinator", () => {
  /** Of the slot of `GROUP`. */
  const NEIGHBOUR = sameSlot(GROUP);

  async function twoGroups(): Promise<World> {
    const world = await started();
    await world.submit(1, heartbeat("join"));
    await world.submit(1, heartbeat("join", "n1"), LATER, NEIGHBOUR);
    return world;
  }

  const refusal = { code: "COORDINATOR_NOT_AVAILABLE", retriable: true };

  test("while it is loaded is withheld alone, until it is mended", async () => {
    const world = await twoGroups();
    const stored = world.groups.groups.get(GROUP);
    const member = stored?.members.get("m1");
    stored?.members.set("m1", { ...member, assigned: undefined } as never);

    world.give(2);
    await world.settle(1_000);
    const refused = await world.submit(2, heartbeat(1)).catch((error: Error) => error);
    const neighbour = await world.submit(2, heartbeat(1, "n1"), LATER, NEIGHBOUR);
    const unwell = world.faults[2].reasons;
    if (member !== undefined) stored?.members.set("m1", member);
    await world.settle(10_000);

    expect(refused).toMatchObject(refusal);
    expect((refused as Error).message).toContain("/consumers/billing");
    expect(neighbour.type).toBe("consumerGroupHeartbeat");
    expect(world.brokers[2].slots).toEqual({ loaded: COORDINATOR_SLOTS, loading: 0 });
    expect(unwell).toEqual([expect.stringContaining("/consumers/billing")]);
    expect(world.faults[2].reasons).toEqual([]);
    expect((await world.submit(2, heartbeat(1))).type).toBe("consumerGroupHeartbeat");
  });

  test.each([
    ["when topics change", 1_000],
    ["when a request comes", 0],
    ["when a session is over", DEFAULT_GROUP_SETTINGS.consumerSessionTimeoutMs],
  ])("(%s) is forgotten alone and read again", async (when, afterMs) => {
    const world = await twoGroups();
    await world.settle(1_000);
    await world.submit(1, heartbeat(1, "n1"), LATER, NEIGHBOUR);
    const { opened } = world.stores[1];

    world.mistake = new Error("a mistake of ours");
    const isRequest = when === "when a request comes";
    const request = isRequest ? watched(world.submit(1, heartbeat(1))) : undefined;
    if (when === "when topics change") world.brokers[1].follow(world.grown(1));
    await world.settle(afterMs - (isRequest ? 0 : 500));
    world.mistake = undefined;
    const refused = await world.submit(1, heartbeat(1)).catch((error: Error) => error);
    await world.submit(1, heartbeat("join", "n2"), LATER, sameSlot("other"));
    await world.settle(10_000);

    expect(request?.state ?? "refused").toBe("refused");
    expect(refused).toMatchObject({ ...refusal, message: expect.stringContaining("a mistake") });
    expect(world.stores[1].opened).toBe(opened);
    expect((await world.submit(1, heartbeat(1))).type).toBe("consumerGroupHeartbeat");
    expect(world.faults[1].reasons).toEqual([]);
    expect(world.brokers[1].budget.waiting).toBe(0);
  });

  test("is served anew once it was deleted by hand", async () => {
    const world = await twoGroups();
    world.groups.faults.set(GROUP, "znode /consumers/billing: is not JSON");
    world.give(2);
    await world.settle(1_000);

    world.groups.faults.clear();
    world.groups.groups.delete(GROUP);
    await world.settle(10_000);

    expect((await world.submit(2, heartbeat("join"))).type).toBe("consumerGroupHeartbeat");
    expect(world.faults[2].reasons).toEqual([]);
  });
});
