import {
  brokerEpoch,
  brokerId,
  controllerEpoch,
  coordinatorEpoch,
  offset,
  silentLogger,
  type TopicId,
  ZoologError,
} from "@zoolog/base";
import type { ClusterImage } from "@zoolog/controller";
import { COORDINATOR_SLOTS } from "@zoolog/group-coordinator";
import {
  checkResponse,
  type DescribeOffsetsRequest,
  GROUP_CALLS,
  type GroupCall,
  type NativeRequest,
  type NativeResponse,
} from "@zoolog/protocol";
import { ManualTime, seededRandom } from "@zoolog/testkit";
import type { CallContext, CallHandlers } from "../../broker-api.ts";
import { parseBrokerConfig } from "../../config/config.ts";
import { GroupRuntime } from "../../runtimes/groups/group-runtime.ts";
import { MemoryGroupStore, MemoryGroups } from "../../runtimes/groups/memory-groups.fixture.ts";
import { ZnodeFaults } from "../../runtimes/znode-faults.ts";
import { groupSettingsOf } from "../../wiring/part-options.ts";
import { groupCalls } from "./group-calls.ts";

export const GROUP = "billing";
export const TOPIC_ID = "orders".padEnd(22, "A") as TopicId;

const SETTINGS = {
  "broker.id": 1,
  "data.dir": "/data",
  "zookeeper.connect": "localhost",
  "group.initial.rebalance.delay.ms": 0,
};

type PeerCall = { readonly url: string; readonly name: string; readonly request: unknown };

/** Broker 1 of two, which coordinates all slots or none. */
export class GroupWorld {
  readonly time = new ManualTime();
  readonly groups = new MemoryGroups();
  readonly store = new MemoryGroupStore(this.groups);
  readonly peerCalls: PeerCall[] = [];
  /** What brokers answer, by the name of the call. */
  readonly answers: Record<string, (request: never) => unknown> = {};
  readonly settings: Record<string, number> = {};
  readonly runtime = new GroupRuntime(
    { brokerId: brokerId(1) },
    {
      store: this.store,
      settings: () => {
        const settings = { ...SETTINGS, ...this.settings };
        return groupSettingsOf(parseBrokerConfig([{ from: "test", settings }]));
      },
      brokerEpoch: () => brokerEpoch(11),
      faults: new ZnodeFaults({ logger: silentLogger }),
      onOvertaken: () => {},
      clock: this.time.clock,
      scheduler: this.time.scheduler,
      logger: silentLogger,
    },
  );
  readonly calls: CallHandlers<GroupCall> = groupCalls({
    brokerId: brokerId(1),
    runtime: this.runtime,
    store: this.store,
    peers: {
      call: async (url: string, name: string, request: never) => {
        this.peerCalls.push({ url, name, request });
        const answer = this.answers[name];
        if (answer === undefined) throw new ZoologError({ code: "GONE", message: "it is gone" });
        return answer(request);
      },
    } as never,
    writeTimeoutMs: () => 5_000,
    describeOffsets: async (request) => this.describeOffsets(request),
    random: seededRandom(1),
    clock: this.time.clock,
    scheduler: this.time.scheduler,
    logger: silentLogger,
  });

  /** Each partition holds offsets 10 to 99, one every second until now. */
  describeOffsets({ topics }: DescribeOffsetsRequest) {
    const timestamp = Number(this.time.clock.now()) - 30_000;
    return {
      topics: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition }) => ({
          partition,
          logStartOffset: offset(10),
          highWatermark: offset(100),
          timestamp: timestamp as never,
        })),
      })),
    };
  }

  async call<Call extends GroupCall>(
    name: Call,
    request: NativeRequest<Call>,
    context: Partial<CallContext> = {},
  ): Promise<NativeResponse<Call>> {
    const answering = this.calls[name](request, {
      signal: new AbortController().signal,
      clientId: "app",
      remoteAddress: "10.0.0.7",
      principal: { kind: "anonymous" },
      holdWhile: (task) => task,
      ...context,
    });
    answering.catch(() => {});
    await this.time.advanceAndSettle(0);
    const answer = await answering;
    // What goes out is what the protocol says: nobody else would notice.
    expect(checkResponse(GROUP_CALLS[name].response, answer).fault).toBeUndefined();
    return answer as NativeResponse<Call>;
  }

  follow(more: Partial<ClusterImage> & { readonly owner?: number } = {}): void {
    const { owner = 1, ...rest } = more;
    const epoch = coordinatorEpoch(1);
    const broker = (id: number) => ({
      brokerId: brokerId(id),
      endpoints: [
        { listener: "HTTP", host: `broker${id}`, port: 8092 },
        { listener: "KAFKA", host: `broker${id}`, port: 9092 },
      ],
    });
    const partition = (leader: number) => ({ leader: brokerId(leader), replicas: [], isr: [] });
    const orders = {
      name: "orders",
      topicId: TOPIC_ID,
      partitions: [partition(1), partition(2)],
      configs: {},
    };
    for (let slot = 0; slot < COORDINATOR_SLOTS; slot++) this.groups.epochs.set(slot, epoch);
    const image = {
      clusterId: "c",
      controllerId: brokerId(1),
      controllerEpoch: controllerEpoch(1),
      version: 1,
      brokers: new Map([1, 2].map((id) => [brokerId(id), broker(id)])),
      topics: new Map([["orders", orders]]),
      topicNames: new Map([[TOPIC_ID, "orders"]]),
      coordinators: Array.from({ length: COORDINATOR_SLOTS }, (_, slot) => ({
        slot,
        brokerId: brokerId(owner),
        brokerEpoch: brokerEpoch(10 + owner),
        coordinatorEpoch: epoch,
      })),
      ...rest,
    };
    this.runtime.follow(image as unknown as ClusterImage);
  }
}

export async function started(of: Parameters<GroupWorld["follow"]>[0] = {}): Promise<GroupWorld> {
  const world = new GroupWorld();
  world.follow(of);
  await world.time.advanceAndSettle(0);
  return world;
}
