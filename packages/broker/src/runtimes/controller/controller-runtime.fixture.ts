import { brokerId, type Logger, silentLogger, type TopicId } from "@zoolog/base";
import type {
  ClusterImage,
  ControllerSettings,
  CreateTopicsEvent,
  DeleteTopicsEvent,
  NewTopic,
} from "@zoolog/controller";
import type { CoordinationStore } from "@zoolog/coordination";
import {
  createMemoryStore,
  ManualTime,
  MemoryEnsemble,
  sampleControllerSettings,
} from "@zoolog/testkit";
import { ZnodeFaults } from "../znode-faults.ts";
import { ControllerRuntime } from "./controller-runtime.ts";

export const SESSION_TIMEOUT_MS = 6_000;
export const RECONCILE_INTERVAL_MS = 30_000;

export type Node = {
  readonly runtime: ControllerRuntime;
  readonly store: CoordinationStore;
  readonly images: ClusterImage[];
  /** What the broker followed before it reigned. */
  readonly followed: { image: ClusterImage | undefined };
  readonly faults: ZnodeFaults;
};

export class Cluster {
  readonly time = new ManualTime();
  readonly ensemble = new MemoryEnsemble({ sessionTimeoutMs: SESSION_TIMEOUT_MS }, this.time);

  /** A broker as far as the controller is concerned: registered and in the race. */
  async node(
    id: number,
    settings: Pick<Partial<ControllerSettings>, "leaderRebalance" | "coordinatorSlots"> = {},
    logger: Logger = silentLogger,
  ): Promise<Node> {
    const node = await this.unregisteredNode(id, settings, logger);
    const { runtime, store } = node;
    const register = async (): Promise<void> => {
      await store.registerBroker({
        brokerId: brokerId(id),
        incarnation: `incarnation-${id}`,
        endpoints: [{ listener: "HTTP", host: "h", port: id, securityProtocol: "PLAINTEXT" }],
        rack: undefined,
        folder: undefined,
        bootId: undefined,
        boot: "clean",
        timestamp: this.time.clock.now(),
      });
    };
    store.onNewSession(register);
    await register();
    runtime.start();
    await this.settle();
    return node;
  }

  /** One that is about to start: it can be asked, and waits for its place. */
  async unregisteredNode(
    id: number,
    settings: Parameters<Cluster["node"]>[1] = {},
    logger: Logger = silentLogger,
  ): Promise<Node> {
    const store = await createMemoryStore(
      { name: `b${id}`, reconcileIntervalMs: RECONCILE_INTERVAL_MS },
      { ...this.time, ensemble: this.ensemble },
    );
    const clusterId = await store.ensureClusterId("cluster-of-the-test");
    const images: ClusterImage[] = [];
    const followed: { image: ClusterImage | undefined } = { image: undefined };
    const faults = new ZnodeFaults({ logger: silentLogger });
    const runtime = new ControllerRuntime(
      {
        brokerId: brokerId(id),
        clusterId,
        settings: sampleControllerSettings(settings),
      },
      {
        store,
        clock: this.time.clock,
        scheduler: this.time.scheduler,
        logger,
        faults,
        publish: (image) => void images.push(image),
        followed: () => followed.image,
      },
    );
    return { runtime, store, images, followed, faults };
  }

  async settle(ms = 0): Promise<void> {
    for (let turns = 0; turns < 20; turns++) await this.time.advanceAndSettle(ms / 20);
  }

  znode(path: string): unknown {
    return JSON.parse(Buffer.from(this.ensemble.znodes.data(path) ?? "null").toString());
  }
}

let topicIds = 0;

export function newTopic(name: string): NewTopic {
  topicIds += 1;
  return {
    name,
    topicId: String(topicIds).padEnd(22, "A") as TopicId,
    partitions: undefined,
    replicationFactor: undefined,
    assignment: undefined,
    configs: {},
    assignmentStart: 0,
  };
}

export function create({ runtime }: Node, ...names: string[]) {
  return runtime.submit<CreateTopicsEvent>({
    type: "createTopics",
    validateOnly: false,
    topics: names.map(newTopic),
  });
}

export function leadersOf(image: ClusterImage | undefined, topic: string) {
  return image?.topics.get(topic)?.partitions.map(({ leader }) => leader);
}

export async function createdBy(cluster: Cluster, node: Node, ...names: string[]): Promise<void> {
  const created = create(node, ...names);
  await cluster.settle();
  await created;
}

/** Another controller reads everything anew. */
export async function reelected(cluster: Cluster): Promise<void> {
  const hand = await cluster.ensemble.connect("zkCli");
  await hand.remove("/controller");
  await cluster.settle(3_000);
}

export const remove = ({ runtime }: Node, ...topics: string[]) =>
  runtime.submit<DeleteTopicsEvent>({
    type: "deleteTopics",
    topics: topics.map((name) => ({ name })),
  });
