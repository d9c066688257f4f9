import {
  brokerEpoch,
  brokerId,
  controllerEpoch,
  coordinatorEpoch,
  errorCode,
  offset,
  silentLogger,
  type TopicId,
} from "@zoolog/base";
import type { ClusterImage, SlotImage } from "@zoolog/controller";
import {
  COORDINATOR_SLOTS,
  coordinatorSlot,
  DEFAULT_GROUP_SETTINGS,
  type GroupResponse,
} from "@zoolog/group-coordinator";
import { ManualTime } from "@zoolog/testkit";
import { ZnodeFaults } from "../znode-faults.ts";
import type { GroupRequest } from "./group-request.ts";
import { GroupRuntime } from "./group-runtime.ts";
import { MemoryGroupStore, MemoryGroups } from "./memory-groups.fixture.ts";
import { CONFIRMED_FOR_MS } from "./slot-authority.ts";

const GROUP = "billing";
const TOPIC_ID = "orders".padEnd(22, "A") as TopicId;
const LATER = new AbortController().signal;

/** Two brokers, 1 and 2, over what one ensemble holds; broker 1 coordinates everything at first. */
class World {
  readonly time = new ManualTime();
  readonly groups = new MemoryGroups();
  readonly stores = { 1: new MemoryGroupStore(this.groups), 2: new MemoryGroupStore(this.groups) };
  readonly faults = {
    1: new ZnodeFaults({ logger: silentLogger }),
    2: new ZnodeFaults({ logger: silentLogger }),
  };
  readonly brokers = { 1: this.broker(1), 2: this.broker(2) };
  epoch = 0;
  version = 0;
  /** How often a broker has found that its image is behind. */
  overtaken = 0;
  /** What whoever decides anything runs into. */
  mistake: Error | undefined;

  constructor() {
    this.give(1);
  }

  broker(id: 1 | 2): GroupRuntime {
    return new GroupRuntime(
      { brokerId: brokerId(id) },
      {
        store: this.stores[id],
        settings: () => {
          if (this.mistake !== undefined) throw this.mistake;
          return { ...DEFAULT_GROUP_SETTINGS, initialRebalanceDelayMs: 0 };
        },
        brokerEpoch: () => brokerEpoch(10 + id),
        faults: this.faults[id],
        onOvertaken: () => {
          this.overtaken += 1;
        },
        clock: this.time.clock,
        scheduler: this.time.scheduler,
        logger: silentLogger,
      },
    );
  }

  /** The controller gives all slots to `id`, under a new epoch. Not everybody may hear of it. */
  give(id: 1 | 2, told: readonly (1 | 2)[] = [1, 2]): void {
    this.epoch += 1;
    this.version += 1;
    const epoch = coordinatorEpoch(this.epoch);
    for (let slot = 0; slot < COORDINATOR_SLOTS; slot++) this.groups.epochs.set(slot, epoch);
    const image = this.image(id);
    for (const one of told) this.brokers[one].follow(image);
  }

  image(id: number): ClusterImage {
    const slots = Array.from(
      { length: COORDINATOR_SLOTS },
      (_, slot): SlotImage => ({
        slot,
        brokerId: brokerId(id),
        brokerEpoch: brokerEpoch(10 + id),
        coordinatorEpoch: coordinatorEpoch(this.epoch),
      }),
    );
    const orders = { name: "orders", topicId: TOPIC_ID, partitions: [{}, {}], configs: {} };
    return {
      clusterId: "c",
      controllerId: brokerId(1),
      controllerEpoch: controllerEpoch(1),
      version: this.version,
      brokers: new Map(),
      topics: new Map([["orders", orders]]),
      topicNames: new Map([[TOPIC_ID, "orders"]]),
      brokerConfigs: new Map(),
      deletedTopics: new Map(),
      unreadableTopics: new Map(),
      coordinators: slots,
    } as unknown as ClusterImage;
  }

  grown(id: number): ClusterImage {
    const image = this.image(id);
    const orders = { ...image.topics.get("orders"), partitions: [{}, {}, {}, {}] } as never;
    return { ...image, topics: new Map([["orders", orders]]) };
  }

  settle(ms = 0): Promise<void> {
    return this.time.advanceAndSettle(ms);
  }

  submit(id: 1 | 2, request: object, signal = LATER, group = GROUP): Promise<GroupResponse> {
    const make = (requestId: number) => ({ ...request, requestId }) as GroupRequest;
    return this.brokers[id].submit(group, make, signal);
  }
}

function sameSlot(groupId: string): string {
  for (let i = 0; ; i++) {
    if (coordinatorSlot(`g${i}`) === coordinatorSlot(groupId)) return `g${i}`;
  }
}

const member = { clientId: "c", clientHost: "h", groupInstanceId: undefined };

const heartbeat = (memberEpoch: number | "join", memberId = "m1", more: object = {}): object => ({
  type: "consumerGroupHeartbeat",
  ...member,
  memberId,
  memberIdCandidate: memberId,
  memberEpoch,
  rackId: undefined,
  rebalanceTimeoutMs: memberEpoch === "join" ? 60_000 : undefined,
  subscribedTopics: memberEpoch === "join" ? ["orders"] : undefined,
  subscribedPattern: undefined,
  serverAssignor: undefined,
  owned: memberEpoch === "join" ? [] : undefined,
  ...more,
});

const classicJoin = (memberIdCandidate: string): object => ({
  type: "joinGroup",
  ...member,
  memberId: undefined,
  memberIdCandidate,
  protocolType: "consumer",
  protocols: [{ name: "range", metadata: Buffer.from("topics") }],
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 60_000,
  requiresKnownMemberId: false,
  supportsSkippingAssignment: true,
});

const commit = (at: number, by: object = {}): object => ({
  type: "commitOffsets",
  memberId: undefined,
  generationIdOrMemberEpoch: undefined,
  groupInstanceId: undefined,
  topics: [{ topic: "orders", partitions: [{ partition: 0, offset: offset(at) }] }],
  ...by,
});

/** What has become of a promise by now. */
function watched(promise: Promise<unknown>) {
  const seen: { state: "pending" | "answered" | "refused"; code?: string | undefined } = {
    state: "pending",
  };
  promise.then(
    () => Object.assign(seen, { state: "answered" }),
    (error: unknown) => Object.assign(seen, { state: "refused", code: errorCode(error) }),
  );
  return seen;
}

async function started(): Promise<World> {
  const world = new World();
  await world.settle();
  return world;
}

/** A member `m1` of a server-side group; answers its epoch. */
async function joined(world: World): Promise<number> {
  const answer = await world.submit(1, heartbeat("join"));
  if (answer.type !== "consumerGroupHeartbeat") throw new Error(answer.type);
  return Number(answer.memberEpoch);
}

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

test("all slots of a broker are read in one pass over the groups", async () => {
  const world = await started();

  expect(world.stores[1]).toMatchObject({ opened: COORDINATOR_SLOTS, reads: 1 });
});
