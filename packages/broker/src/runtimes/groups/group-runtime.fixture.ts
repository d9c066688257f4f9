/** Two brokers that coordinate groups, and what their members say. */
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

export const GROUP = "billing";
export const TOPIC_ID = "orders".padEnd(22, "A") as TopicId;
export const LATER = new AbortController().signal;

/** Two brokers, 1 and 2, over what one ensemble holds; broker 1 coordinates everything at first. */
export class World {
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

export function sameSlot(groupId: string): string {
  for (let i = 0; ; i++) {
    if (coordinatorSlot(`g${i}`) === coordinatorSlot(groupId)) return `g${i}`;
  }
}

export const member = { clientId: "c", clientHost: "h", groupInstanceId: undefined };

export const heartbeat = (
  memberEpoch: number | "join",
  memberId = "m1",
  more: object = {},
): object => ({
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

export const classicJoin = (memberIdCandidate: string): object => ({
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

export const commit = (at: number, by: object = {}): object => ({
  type: "commitOffsets",
  memberId: undefined,
  generationIdOrMemberEpoch: undefined,
  groupInstanceId: undefined,
  topics: [{ topic: "orders", partitions: [{ partition: 0, offset: offset(at) }] }],
  ...by,
});

/** What has become of a promise by now. */
export function watched(promise: Promise<unknown>) {
  const seen: { state: "pending" | "answered" | "refused"; code?: string | undefined } = {
    state: "pending",
  };
  promise.then(
    () => Object.assign(seen, { state: "answered" }),
    (error: unknown) => Object.assign(seen, { state: "refused", code: errorCode(error) }),
  );
  return seen;
}

export async function started(): Promise<World> {
  const world = new World();
  await world.settle();
  return world;
}

/** A member `m1` of a server-side group; answers its epoch. */
export async function joined(world: World): Promise<number> {
  const answer = await world.submit(1, heartbeat("join"));
  if (answer.type !== "consumerGroupHeartbeat") throw new Error(answer.type);
  return Number(answer.memberEpoch);
}
