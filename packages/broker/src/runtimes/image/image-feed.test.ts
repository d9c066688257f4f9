import {
  type BrokerEpoch,
  brokerEpoch,
  brokerId,
  controllerEpoch,
  silentLogger,
  type TopicId,
  ZoologError,
} from "@zoolog/base";
import {
  applyAll,
  type ClusterImage,
  type ControllerState,
  loadController,
} from "@zoolog/controller";
import { ManualTime, sampleControllerSettings, seededRandom } from "@zoolog/testkit";
import { locatorAmong } from "../membership/controller-locator.fixture.ts";
import type { ControllerLocator } from "../membership/controller-locator.ts";
import { ImageFeed } from "./image-feed.ts";
import { type ImagePoll, ImageService } from "./image-service.ts";

const ME = brokerId(2);
const MY_EPOCH = brokerEpoch(12);

function stateOf(epoch: number, controllerId = 1): ControllerState {
  return loadController(
    {
      clusterId: "c",
      controllerId: brokerId(controllerId),
      controllerEpoch: controllerEpoch(epoch),
      brokers: [],
      topics: [],
      unreadableTopics: [],
      coordinators: [],
      brokerConfigs: [],
      deletedTopics: [],
    },
    sampleControllerSettings(),
  );
}

function withTopic(state: ControllerState, name: string): ControllerState {
  const topicId = name.padEnd(22, "A") as TopicId;
  return applyAll(state, [{ type: "topicCreated", name, topicId, configs: {}, partitions: [] }]);
}

/** One controller, one broker that follows it, and the wire between them. */
class Pair {
  readonly time = new ManualTime();
  readonly services = new Map<string, ImageService>();
  readonly images: ClusterImage[] = [];
  readonly polls: ImagePoll[] = [];
  readonly confirmed: number[] = [];
  readonly broken: string[] = [];
  looks = 0;
  fault: ZoologError | undefined;
  pollerEpoch: BrokerEpoch = MY_EPOCH;
  readonly locator: ControllerLocator;
  readonly feed: ImageFeed;

  constructor() {
    this.locator = locatorAmong(
      { brokerId: ME, others: [1, 3] },
      {
        time: this.time,
        lookAgain: () => {
          this.looks += 1;
        },
      },
    );
    this.feed = new ImageFeed({
      locator: this.locator,
      poll: async (endpoint, request, { signal }) => {
        this.polls.push(request);
        if (this.fault !== undefined) throw this.fault;
        const service = this.services.get(endpoint);
        if (service === undefined) throw new Error(`nobody at ${endpoint}`);
        return service.poll(request, { brokerId: ME, brokerEpoch: this.pollerEpoch, signal });
      },
      follow: (image) => void this.images.push(image),
      onConfirmed: (sentAt) => void this.confirmed.push(sentAt),
      onBroken: ({ endpoint }) => void this.broken.push(endpoint),
      clock: this.time.clock,
      scheduler: this.time.scheduler,
      random: seededRandom(1),
      logger: silentLogger,
    });
    this.feed.start();
  }

  controllerAt(id: number, epoch: number): ImageService {
    const service = new ImageService(this.time);
    service.begin(controllerEpoch(epoch));
    this.services.set(`http://h${id}:1`, service);
    return service;
  }

  elect(id: number, epoch: number): void {
    this.locator.found({ brokerId: brokerId(id), controllerEpoch: controllerEpoch(epoch) });
  }

  async settle(ms = 0): Promise<void> {
    for (let turns = 0; turns < 10; turns++) await this.time.advanceAndSettle(ms / 10);
  }
}

test("a broker gets the whole picture first and then each change as it happens", async () => {
  const pair = new Pair();
  const controller = pair.controllerAt(1, 4);
  const first = stateOf(4);
  pair.elect(1, 4);
  await pair.settle();
  controller.publish(first.image);
  await pair.settle();

  const second = withTopic(first, "t");
  controller.publish(second.image);
  await pair.settle();

  expect(pair.images).toEqual([first.image, second.image]);
  // What did not change is the same object: it was a difference that came.
  expect(pair.images[1]?.brokers).toBe(pair.images[0]?.brokers);
  expect(pair.polls.at(-1)).toMatchObject({ controllerEpoch: 4, version: second.image.version });
  await pair.feed.close();
});

test("a broker that is further behind than the history reaches gets a whole picture", async () => {
  const pair = new Pair();
  const controller = pair.controllerAt(1, 4);
  let state = stateOf(4);
  controller.publish(state.image);
  pair.elect(1, 4);
  await pair.settle();
  pair.fault = new ZoologError({ code: "REQUEST_TIMED_OUT", message: "slow", retriable: true });
  for (let i = 0; i < 100; i++) {
    state = withTopic(state, `t${i}`);
    controller.publish(state.image);
  }
  await pair.settle();

  pair.fault = undefined;
  await pair.settle(2_000);

  expect(pair.images.at(-1)).toEqual(state.image);
  await pair.feed.close();
});

test("a new controller is followed at once, with a whole picture", async () => {
  const pair = new Pair();
  pair.controllerAt(1, 4).publish(withTopic(stateOf(4), "old").image);
  pair.elect(1, 4);
  await pair.settle();
  const next = withTopic(stateOf(5, 3), "new").image;
  pair.controllerAt(3, 5).publish(next);

  pair.elect(3, 5);
  await pair.settle();

  expect(pair.images.at(-1)).toEqual(next);
  await pair.feed.close();
});

test("the image of a deposed controller is refused", async () => {
  const pair = new Pair();
  pair.controllerAt(3, 5).publish(stateOf(5, 3).image);
  pair.elect(3, 5);
  await pair.settle();
  pair.controllerAt(1, 4).publish(withTopic(stateOf(4), "old").image);

  pair.elect(1, 4);
  await pair.settle(100);

  expect(pair.images.map(({ controllerEpoch: epoch }) => epoch)).toEqual([5]);
  expect(pair.looks).toBeGreaterThan(0);
  await pair.feed.close();
});

test("a controller that was just elected keeps polls until it has read everything", async () => {
  const pair = new Pair();
  const controller = pair.controllerAt(1, 4);
  pair.elect(1, 4);
  await pair.settle(500);
  expect(pair.polls).toHaveLength(1);

  controller.publish(stateOf(4).image);
  await pair.settle();

  expect(pair.images).toHaveLength(1);
  await pair.feed.close();
});

test("the end of a reign sends every poll to look for the next controller", async () => {
  const pair = new Pair();
  const controller = pair.controllerAt(1, 4);
  controller.publish(stateOf(4).image);
  pair.elect(1, 4);
  await pair.settle();

  controller.end();
  await pair.settle(10);

  expect(pair.looks).toBe(1);
  expect(pair.broken).toEqual([]);
  await pair.feed.close();
});

test("a broken poll is told, tried again with growing pauses, and goes on where it was", async () => {
  const pair = new Pair();
  const controller = pair.controllerAt(1, 4);
  const first = stateOf(4);
  controller.publish(first.image);
  pair.elect(1, 4);
  await pair.settle();
  pair.fault = new ZoologError({ code: "NETWORK_EXCEPTION", message: "gone", retriable: true });
  const before = pair.polls.length;
  controller.publish(withTopic(first, "a").image);
  await pair.settle(10_000);

  const attempts = pair.polls.length - before;
  pair.fault = undefined;
  await pair.settle(2_000);

  expect(pair.broken.length).toBeGreaterThan(0);
  // Pauses grow to a second: ten seconds are some ten attempts, not five hundred.
  expect(attempts).toBeLessThan(30);
  expect(pair.images.at(-1)?.topics.has("a")).toBe(true);
  await pair.feed.close();
});

test("a poll without news confirms the image, and one asked for at once is answered at once", async () => {
  const pair = new Pair();
  const controller = pair.controllerAt(1, 4);
  controller.publish(stateOf(4).image);
  pair.elect(1, 4);
  await pair.settle();
  pair.confirmed.length = 0;
  const now = pair.time.clock.monotonic();

  pair.feed.confirm();
  await pair.settle();

  expect(pair.confirmed).toEqual([now]);
  await pair.feed.close();
});

test("a controller that does not know yet that it was deposed keeps nobody who knows it", async () => {
  const time = new ManualTime();
  const service = new ImageService(time);
  service.begin(controllerEpoch(4));
  service.publish(stateOf(4).image);
  const { signal } = new AbortController();
  const poller = { brokerId: ME, brokerEpoch: MY_EPOCH, signal };

  const poll = { controllerEpoch: controllerEpoch(5), version: 1, maxWaitMs: 1_000 };
  await expect(service.poll(poll, poller)).rejects.toMatchObject({ code: "NOT_CONTROLLER" });
  service.close();
});

test("a broker whose poll breaks off is silent; one that polls again in time is not", async () => {
  const time = new ManualTime();
  const service = new ImageService(time);
  service.begin(controllerEpoch(4));
  const { image } = stateOf(4);
  service.publish(image);
  const events: string[] = [];
  service.pollers.listen({
    began: (broker) => void events.push(`${broker.brokerId}@${broker.brokerEpoch} began`),
    silent: (broker) => void events.push(`${broker.brokerId}@${broker.brokerEpoch} silent`),
  });
  const has = { controllerEpoch: image.controllerEpoch, version: image.version, maxWaitMs: 1_000 };
  const polling = (abort: AbortController, epoch = 12) =>
    service.poll(has, { brokerId: ME, brokerEpoch: brokerEpoch(epoch), signal: abort.signal });

  const first = polling(new AbortController());
  time.advance(1_000);
  await first;
  time.advance(900);
  const breaking = new AbortController();
  const second = polling(breaking);
  expect(events).toEqual(["2@12 began"]);
  breaking.abort();
  expect(await second).toEqual({});
  expect(events).toEqual(["2@12 began", "2@12 silent"]);

  const third = polling(new AbortController(), 13);
  time.advance(1_000);
  await third;
  time.advance(2_000);
  expect(events.slice(2)).toEqual(["2@13 began", "2@13 silent"]);
  service.close();
});
