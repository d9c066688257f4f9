import { brokerEpoch, brokerId, controllerEpoch, type TopicId, timestamp } from "@zoolog/base";
import { sampleControllerSettings } from "@zoolog/testkit";
import { applyAll } from "../apply.ts";
import type { ControllerEvent } from "../controller-event.ts";
import { decide } from "../decide.ts";
import { loadController } from "../load-controller.ts";
import type { ControllerState } from "../state/controller-state.ts";
import type { ClusterImage } from "./cluster-image.ts";
import { applyImageDelta, imageDelta } from "./image-delta.ts";

function controller(epoch: number): ControllerState {
  const broker = {
    brokerId: brokerId(0),
    brokerEpoch: brokerEpoch(10),
    incarnation: "data",
    endpoints: [],
    rack: undefined,
    boot: "clean",
  } as const;
  return loadController(
    {
      clusterId: "cluster",
      controllerId: brokerId(0),
      controllerEpoch: controllerEpoch(epoch),
      brokers: [broker],
      topics: [],
      brokerConfigs: [],
      deletedTopics: [],
      unreadableTopics: [],
      coordinators: [],
    },
    sampleControllerSettings(),
  );
}

function after(state: ControllerState, event: ControllerEvent): ControllerState {
  return applyAll(state, decide(state, event, timestamp(0)).records);
}

function withTopic(state: ControllerState, name: string, id = name): ControllerState {
  return after(state, {
    type: "createTopics",
    requestId: 0,
    validateOnly: false,
    topics: [
      {
        name,
        topicId: id as TopicId,
        partitions: 100,
        replicationFactor: 1,
        assignment: undefined,
        configs: {},
        assignmentStart: 0,
      },
    ],
  });
}

function withoutTopic(state: ControllerState, name: string): ControllerState {
  return after(state, { type: "deleteTopics", requestId: 0, topics: [{ name: name }] });
}

function updated(image: ClusterImage | undefined, to: ClusterImage): ClusterImage {
  const update = applyImageDelta(image, imageDelta(image, to));
  if (update.outcome !== "updated") throw new Error(update.outcome);
  return update.image;
}

test("only the partitions that changed travel", () => {
  const before = withTopic(withTopic(controller(1), "orders"), "audit");
  const offline = after(before, {
    type: "replicasOffline",
    requestId: undefined,
    brokerId: brokerId(0),
    brokerEpoch: brokerEpoch(10),
    replicas: [{ topicId: "orders" as TopicId, partition: 7, reason: "EIO" }],
  });

  const delta = imageDelta(before.image, offline.image);

  expect(delta.topics.map((topic) => [topic.name, topic.partitions.length])).toEqual([
    ["orders", 1],
  ]);
  expect(delta.brokers).toEqual([]);
  expect(updated(before.image, offline.image)).toEqual(offline.image);
});

test("a topic deleted and created again under its name is another topic", () => {
  const before = withTopic(controller(1), "orders", "first");
  const next = withTopic(withoutTopic(before, "orders"), "orders", "second");

  const delta = imageDelta(before.image, next.image);

  expect(delta.topicsRemoved).toEqual(["first"]);
  expect(delta.topics[0]?.partitions).toHaveLength(100);
  expect(updated(before.image, next.image)).toEqual(next.image);
});

test("a delta that does not fit is refused: an old controller, an old version, a gap", () => {
  const one = withTopic(controller(1), "a");
  const two = withTopic(one, "b");
  const three = withTopic(two, "c");
  const successor = withTopic(controller(2), "x");

  expect(applyImageDelta(successor.image, imageDelta(two.image, three.image)).outcome).toBe(
    "stale",
  );
  expect(applyImageDelta(successor.image, imageDelta(undefined, three.image)).outcome).toBe(
    "stale",
  );
  expect(applyImageDelta(two.image, imageDelta(one.image, two.image)).outcome).toBe("stale");
  expect(applyImageDelta(one.image, imageDelta(two.image, three.image)).outcome).toBe("gap");
  expect(applyImageDelta(undefined, imageDelta(two.image, three.image)).outcome).toBe("gap");
});

test("a new controller sends a full picture, though its versions start again", () => {
  const old = withTopic(withTopic(controller(1), "a"), "b");
  const successor = withTopic(controller(2), "x");

  const delta = imageDelta(old.image, successor.image);

  expect(delta.fromVersion).toBeUndefined();
  expect(updated(old.image, successor.image)).toEqual(successor.image);
});

test("a topic that cannot be read is told to everybody, and so is its end", () => {
  const before = controller(1);
  const unreadable = {
    name: "t",
    reason: "znode /brokers/topics/t: is not JSON",
    topicId: undefined,
  };
  const image = {
    ...before.image,
    version: before.image.version + 1,
    unreadableTopics: new Map([["t", unreadable]]),
  };
  const after = { ...image, version: image.version + 1, unreadableTopics: new Map() };

  expect(updated(before.image, image)).toEqual(image);
  expect(updated(image, after)).toEqual(after);
});
