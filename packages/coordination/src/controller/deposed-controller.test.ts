/** A controller deposed at the worst moment: its process was frozen, with requests on their way. */
import {
  brokerEpoch,
  brokerId,
  coordinatorEpoch,
  leaderEpoch,
  partitionEpoch,
  timestamp,
} from "@zoolog/base";
import { MemoryCoordination, sampleState, sampleTopic, sampleTopicId } from "@zoolog/testkit";
import type { Operation, ZooKeeperClient } from "@zoolog/zookeeper";
import type { ControllerWriter } from "../port/controller-writer.ts";
import { encodeController } from "../znodes/controller-znodes.ts";

let world: MemoryCoordination;
let successor: ZooKeeperClient;

beforeEach(() => begin());
afterEach(() => world.close());

async function begin(): Promise<void> {
  world = new MemoryCoordination();
  successor = await world.ensemble.connect("successor");
}

async function elect() {
  const store = await world.open("first");
  return await world.settled(store.electController(brokerId(0)));
}

/** As an election does it, in one request. */
async function deposeFirst(): Promise<void> {
  const seat = { path: "/controller", data: encodeController(brokerId(1), timestamp(0)) };
  await successor.multi([
    { type: "remove", path: seat.path },
    { type: "create", ...seat, mode: "ephemeral" },
    { type: "setData", path: "/controller_epoch", data: Buffer.from("2"), version: 1 },
  ]);
}

/** Deposes the first controller once it reigns, just before its request `number` arrives (from 1). */
function deposeBefore(number: number, kinds: readonly ("read" | "write")[]) {
  const deposition = { happened: false, done: Promise.resolve() };
  let left = number;
  world.ensemble.failNext({
    when: "beforeApply",
    client: "first",
    matches: ({ kind }) => {
      const reigns = world.ensemble.znodes.stat("/controller") !== undefined;
      if (reigns && kinds.includes(kind)) left -= 1;
      if (left > 0 || deposition.happened) return false;
      deposition.happened = true;
      deposition.done = deposeFirst();
      return false;
    },
  });
  return deposition;
}

// What is asked after the answer was lost: a barrier, the epoch, the seat; then the first write.
test.each([1, 2, 3, 4])(
  "a winner whose answer was lost, deposed before its request %i, has no pen of its successor's reign",
  async (number) => {
    const isElection = (request: { readonly operations: readonly { type: string }[] }) =>
      request.operations.length === 2 && request.operations[0]?.type === "create";
    world.ensemble.failNext({ when: "afterApply", client: "first", matches: isElection });
    const deposition = deposeBefore(number, ["read", "write"]);

    const found = await elect();

    if (found.outcome === "lost") {
      expect(found.controller).toEqual({ brokerId: 1, controllerEpoch: 2 });
    } else {
      expect(found.writer.controllerEpoch).toBe(1);
      const write = found.writer.createTopic(sampleTopic("late", 1));
      await expect(world.settled(write)).rejects.toMatchObject({ code: "CONTROLLER_FENCED" });
    }
    expect(deposition.happened).toBe(true);
    await deposition.done;
    expect(world.ensemble.znodes.stat("/brokers/topics/late")).toBeUndefined();
  },
);

/** Partitions that take more than one multi. */
const MANY = 600;
const topicId = sampleTopicId("orders");
const replicas = [brokerId(0)];
const all = Array.from({ length: MANY }, (_, partition) => partition);

type Write = Exclude<keyof ControllerWriter, "controllerEpoch" | "fenced" | "onFenced">;
const WRITES: Readonly<Record<Write, (pen: ControllerWriter) => Promise<unknown>>> = {
  createTopic: (pen) => pen.createTopic(sampleTopic("large", MANY)),
  addPartitions: (pen) =>
    pen.addPartitions({
      topic: "orders",
      topicId,
      existing: all.map(() => replicas),
      partitions: all.map(() => ({ replicas, state: sampleState() })),
    }),
  writePartitionStates: (pen) =>
    pen.writePartitionStates(
      all.map((partition) => ({
        topic: "orders",
        partition,
        expectedPartitionEpoch: partitionEpoch(0),
        state: { ...sampleState(), leaderEpoch: leaderEpoch(1) },
      })),
    ),
  writeSlots: (pen) =>
    pen.writeSlots([
      {
        slot: 5,
        expectedCoordinatorEpoch: undefined,
        coordinatorEpoch: coordinatorEpoch(3),
        brokerId: brokerId(0),
        brokerEpoch: brokerEpoch(70),
        controllerEpoch: pen.controllerEpoch,
      },
    ]),
  deleteTopic: (pen) => pen.deleteTopic({ topic: "orders", topicId, partitions: MANY, replicas }),
  deleteUnreadableTopic: (pen) => pen.deleteUnreadableTopic({ topic: "orders", topicId, replicas }),
  writeDeletedTopic: (pen) =>
    pen.writeDeletedTopic({ topicId: sampleTopicId("gone"), name: "gone", pending: replicas }),
  discardDeleteRequest: (pen) => pen.discardDeleteRequest("orders"),
  writeConfig: (pen) => pen.writeConfig({ kind: "topic", name: "orders" }, { "retention.ms": "1" }),
  completePreferredElection: (pen) => pen.completePreferredElection(),
  purgeConfigChanges: (pen) => pen.purgeConfigChanges(-1),
  resign: (pen) => pen.resign(),
};

async function writerWithAllToDo(): Promise<ControllerWriter> {
  const election = await elect();
  if (election.outcome !== "elected") throw new Error("lost");
  const { writer } = election;
  await world.settled(writer.createTopic(sampleTopic("orders", MANY)));
  await world.settled(writer.writeConfig({ kind: "broker", name: "0" }, {}));
  await successor.create("/admin/preferred_replica_election", Buffer.from("{}"));
  await successor.create("/admin/delete_topics/orders", Buffer.alloc(0));
  return writer;
}

test.each(Object.entries(WRITES))(
  "nothing of %s that a frozen controller had on its way is applied after it was deposed",
  async (_, write) => {
    for (let number = 1; ; number++) {
      const writer = await writerWithAllToDo();
      const deposition = deposeBefore(number, ["write"]);
      const applied: (readonly Operation[])[] = [];
      world.ensemble.onWrite((operations) => applied.push(operations));

      const outcome = await world.settled(write(writer)).catch((error: unknown) => error);

      if (!deposition.happened) {
        expect(number).toBeGreaterThan(1);
        break;
      }
      await deposition.done;
      expect(applied.at(-1)?.[0]).toEqual({ type: "remove", path: "/controller" });
      expect(outcome).toMatchObject({ code: "CONTROLLER_FENCED" });
      expect(writer.fenced).toBe(true);
      await world.close();
      await begin();
    }
  },
);
