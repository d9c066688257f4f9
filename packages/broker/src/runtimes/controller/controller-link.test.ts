import { brokerEpoch, brokerId, controllerEpoch, silentLogger, ZoologError } from "@zoolog/base";
import type { ClusterImage, ControlledShutdownEvent } from "@zoolog/controller";
import { ManualTime } from "@zoolog/testkit";
import { notController } from "../errors.ts";
import { MetadataCache } from "../image/metadata-cache.ts";
import { locatorAmong } from "../membership/controller-locator.fixture.ts";
import { handLeadershipsOver } from "./controlled-shutdown.ts";
import { ControllerLink } from "./controller-link.ts";
import type { ControllerRuntime } from "./controller-runtime.ts";

const ME = brokerId(1);

/** A broker whose controller is elsewhere. */
class World {
  readonly time = new ManualTime();
  readonly sent: string[] = [];
  looks = 0;
  answer: (endpoint: string) => unknown = () => ({ type: "controlledShutdown", remaining: [] });
  readonly locator = locatorAmong(
    { brokerId: ME, others: [2, 3] },
    {
      time: this.time,
      lookAgain: () => {
        this.looks += 1;
      },
    },
  );
  readonly link = new ControllerLink({
    controller: {
      isController: false,
      submit: async () => this.answer("here"),
    } as unknown as ControllerRuntime,
    locator: this.locator,
    store: {
      state: "connected",
    },
    send: async (endpoint) => {
      this.sent.push(endpoint);
      return this.answer(endpoint) as never;
    },
    scheduler: this.time.scheduler,
  });

  async elect(id: number, epoch: number): Promise<void> {
    this.locator.found({ brokerId: brokerId(id), controllerEpoch: controllerEpoch(epoch) });
    await this.locator.remote(new AbortController().signal);
  }

  submit() {
    const event = {
      type: "controlledShutdown",
      brokerId: ME,
      brokerEpoch: brokerEpoch(11),
    } as const;
    return this.link.submit<ControlledShutdownEvent>(event);
  }
}

test("what a broker asks goes to whoever reigns, and to the next one after a change", async () => {
  const world = new World();
  await expect(world.submit()).rejects.toMatchObject({ code: "NOT_CONTROLLER" });

  await world.elect(2, 1);
  await world.submit();
  await world.elect(3, 2);
  await world.submit();

  expect(world.sent).toEqual(["http://h2:1", "http://h3:1"]);
  expect(world.looks).toBe(0);
});

test("after a failure who reigns is looked for again, and the caller decides what then", async () => {
  const world = new World();
  await world.elect(2, 1);
  world.answer = () => {
    throw notController();
  };

  await expect(world.submit()).rejects.toMatchObject({ code: "NOT_CONTROLLER" });
  expect(world.looks).toBe(1);
});

test("work at the controller follows the office until its time is over", async () => {
  const world = new World();
  await world.elect(2, 1);
  const asked: string[] = [];
  const now = () => world.time.clock.monotonic();
  const work = world.link.atController(
    { deadline: now() + 1_000, now },
    {
      here: async () => "here",
      there: async (endpoint) => {
        asked.push(endpoint);
        if (endpoint === "http://h2:1") throw notController();
        return endpoint;
      },
    },
  );
  await world.time.advanceAndSettle(120);
  await world.elect(3, 2);
  await world.time.advanceAndSettle(100);

  expect(await work).toBe("http://h3:1");
  expect(asked.length).toBeGreaterThan(2);
});

test("what may have been done is not done again", async () => {
  const world = new World();
  await world.elect(2, 1);
  let attempts = 0;
  const now = () => world.time.clock.monotonic();

  const work = world.link.atController(
    { deadline: now() + 1_000, now },
    {
      here: async () => "here",
      there: async () => {
        attempts += 1;
        throw new ZoologError({ code: "NETWORK_EXCEPTION", message: "broke", retriable: true });
      },
    },
  );

  await expect(work).rejects.toMatchObject({ code: "NETWORK_EXCEPTION" });
  expect(attempts).toBe(1);
});

describe("a broker that leaves", () => {
  function image(
    version: number,
    led: readonly { readonly leader: number; readonly replicas: readonly number[] }[],
    shuttingDown: readonly number[] = [],
  ): ClusterImage {
    const brokers = [1, 2, 3].map((id) => ({
      brokerId: brokerId(id),
      shuttingDown: shuttingDown.includes(id),
    }));
    const partitions = led.map(({ leader, replicas }, partition) => ({
      partition,
      leader: brokerId(leader),
      replicas: replicas.map(brokerId),
    }));
    return {
      version,
      brokers: new Map(brokers.map((broker) => [broker.brokerId, broker])),
      topics: new Map([["t", { name: "t", partitions }]]),
    } as unknown as ClusterImage;
  }

  function leaving(
    answers: readonly (number | Error | "never")[],
    first: ClusterImage,
    isCoordinated = true,
  ) {
    const time = new ManualTime();
    const cache = new MetadataCache({ brokerId: ME }, time);
    cache.publish(first);
    let asked = 0;
    let isDone = false;
    const done = handLeadershipsOver(
      { brokerId: ME, timeoutMs: 5_000 },
      {
        link: {
          submit: async () => {
            const answer = answers[Math.min(asked, answers.length - 1)];
            asked += 1;
            if (answer instanceof Error) throw answer;
            if (answer === "never") return await new Promise(() => {});
            const remaining = Array.from({ length: answer ?? 0 }, (_, partition) => ({
              topic: "t",
              partition,
            }));
            return { type: "controlledShutdown", remaining } as never;
          },
        },
        cache,
        brokerEpoch: () => brokerEpoch(11),
        isCoordinated: () => isCoordinated,
        clock: time.clock,
        scheduler: time.scheduler,
        logger: silentLogger,
      },
    ).then(() => {
      isDone = true;
    });
    return { time, cache, done, asked: () => asked, isDone: () => isDone };
  }

  test("waits until the image shows that others lead", async () => {
    const led = { leader: 1, replicas: [1, 2] };
    const world = leaving([0], image(1, [led]));
    await world.time.advanceAndSettle(1_000);
    expect(world.isDone()).toBe(false);

    world.cache.publish(image(2, [{ leader: 2, replicas: [1, 2] }], [1]));
    await world.time.advanceAndSettle(100);
    // Requests that were on their way are told who leads now.
    expect(world.isDone()).toBe(false);
    await world.time.advanceAndSettle(50);

    expect(world.isDone()).toBe(true);
    expect(world.asked()).toBe(1);
  });

  test("does not wait for what nobody else holds", async () => {
    const world = leaving([1], image(1, [{ leader: 1, replicas: [1] }]));
    await world.time.advanceAndSettle(0);

    expect(world.isDone()).toBe(true);
  });

  test("asks again while there is no controller, and while a follower may still catch up", async () => {
    const behind = { leader: 1, replicas: [1, 2] };
    const world = leaving([notController(), 1, 0], image(1, [behind]));
    await world.time.advanceAndSettle(150);
    expect(world.isDone()).toBe(false);
    world.cache.publish(image(2, [{ leader: 2, replicas: [1, 2] }]));
    await world.time.advanceAndSettle(300);

    expect(world.isDone()).toBe(true);
    expect(world.asked()).toBeGreaterThan(1);
  });

  test("leaves at last, whoever may take over", async () => {
    const world = leaving([1], image(1, [{ leader: 1, replicas: [1, 2] }]));
    await world.time.advanceAndSettle(5_200);

    expect(world.isDone()).toBe(true);
  });

  test("waits no longer for a controller that does not answer", async () => {
    const world = leaving(["never"], image(1, [{ leader: 1, replicas: [1, 2] }]));
    await world.time.advanceAndSettle(5_200);

    expect(world.isDone()).toBe(true);
    expect(world.asked()).toBe(1);
  });

  test("asks nobody while ZooKeeper is away: nobody could write it down", async () => {
    const world = leaving([0], image(1, [{ leader: 1, replicas: [1, 2] }]), false);
    await world.time.advanceAndSettle(0);

    expect(world.isDone()).toBe(true);
    expect(world.asked()).toBe(0);
  });

  test("asks nobody when all others leave as well", async () => {
    const world = leaving([1], image(1, [{ leader: 1, replicas: [1, 2] }], [2, 3]));
    await world.time.advanceAndSettle(0);

    expect(world.isDone()).toBe(true);
    expect(world.asked()).toBe(0);
  });
});
