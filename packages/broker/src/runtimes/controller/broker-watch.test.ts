import {
  brokerEpoch,
  brokerId,
  controllerEpoch,
  type LogFields,
  type ProbeOutcome,
  silentLogger,
} from "@zoolog/base";
import type { BrokerReachabilityEvent, ClusterImage } from "@zoolog/controller";
import { ManualTime } from "@zoolog/testkit";
import { ImagePollers } from "../image/image-pollers.ts";
import { BrokerWatch } from "./broker-watch.ts";
import { ControllerWatch } from "./controller-watch.ts";

const OTHER = { brokerId: brokerId(2), brokerEpoch: brokerEpoch(12) };

class World {
  readonly time = new ManualTime();
  readonly pollers = new ImagePollers(this.time);
  readonly reports: BrokerReachabilityEvent[] = [];
  readonly probes: string[] = [];
  readonly logged: (LogFields | undefined)[] = [];
  answer: ProbeOutcome = "accepted";
  epochOfOther = OTHER.brokerEpoch;
  readonly watch = new BrokerWatch(
    { brokerId: brokerId(1) },
    {
      pollers: this.pollers,
      image: () => this.#image(),
      report: (event) => void this.reports.push(event),
      network: {
        probe: async ({ host, port }) => {
          this.probes.push(`${host}:${port}`);
          return this.answer;
        },
      },
      scheduler: this.time.scheduler,
      logger: { ...silentLogger, warn: (_, fields) => void this.logged.push(fields) },
    },
  );

  get unreachable(): BrokerReachabilityEvent[] {
    return this.reports.filter(({ type }) => type === "brokerUnreachable");
  }

  #image(): ClusterImage {
    const broker = (id: number, epoch: number) => ({
      brokerId: brokerId(id),
      brokerEpoch: brokerEpoch(epoch),
      endpoints: [{ listener: "HTTP", host: `h${id}`, port: 9 }],
    });
    const brokers = [broker(1, 11), broker(2, this.epochOfOther)];
    return {
      brokers: new Map(brokers.map((each) => [each.brokerId, each])),
    } as unknown as ClusterImage;
  }
}

test("a broker whose poll broke off and whose port refuses is reported at once", async () => {
  const world = new World();
  world.answer = "refused";
  const ended = world.pollers.began(OTHER);

  ended("broken");
  await world.time.advanceAndSettle(0);

  expect(world.unreachable).toEqual([{ type: "brokerUnreachable", ...OTHER }]);
  expect(world.probes).toEqual(["h2:9"]);
  // `brokerId` stands in every line of a broker's log: it is the one that writes.
  expect(world.logged).toEqual([{ silent: 2, brokerEpoch: 12, host: "h2", port: 9 }]);
});

test.each(["accepted", "unknown"] as const)(
  "a broker whose port is %s is looked at for a while and never reported",
  async (answer) => {
    const world = new World();
    world.answer = answer;

    world.pollers.began(OTHER)("broken");
    await world.time.advanceAndSettle(60_000);

    expect(world.unreachable).toEqual([]);
    expect(world.probes.length).toBeGreaterThan(5);
    expect(world.time.pendingTimers).toBe(0);
  },
);

test("a process that closes its connections before its port is found a moment later", async () => {
  const world = new World();
  world.pollers.began(OTHER)("broken");
  await world.time.advanceAndSettle(0);

  world.answer = "refused";
  await world.time.advanceAndSettle(100);

  expect(world.unreachable).toHaveLength(1);
});

test("a broker that polls again is left alone, and said to be there", async () => {
  const world = new World();
  world.pollers.began(OTHER)("broken");
  await world.time.advanceAndSettle(0);

  world.pollers.began(OTHER);
  world.answer = "refused";
  await world.time.advanceAndSettle(10_000);

  expect(world.unreachable).toEqual([]);
  expect(world.reports.at(-1)).toEqual({ type: "brokerReachable", ...OTHER });
});

test("one that has registered anew is not meant by what its former life left behind", async () => {
  const world = new World();
  world.answer = "refused";
  world.epochOfOther = brokerEpoch(22);

  world.pollers.began(OTHER)("broken");
  await world.time.advanceAndSettle(10_000);

  expect(world.unreachable).toEqual([]);
});

test("a new controller looks at everybody who does not poll it, itself excepted", async () => {
  const world = new World();
  world.answer = "refused";

  world.watch.lookAtAll();
  await world.time.advanceAndSettle(0);

  expect(world.probes).toEqual(["h2:9"]);
  expect(world.unreachable).toEqual([{ type: "brokerUnreachable", ...OTHER }]);
  world.watch.close();
});

test.each([
  ["refused", 1],
  ["accepted", 0],
  ["unknown", 0],
] as const)("a controller whose port is %s is deposed %i times", async (answer, times) => {
  const deposed: unknown[] = [];
  const watch = new ControllerWatch({
    store: { state: "connected" },
    network: { probe: async () => answer },
    succeed: (controller) => void deposed.push(controller),
    logger: silentLogger,
  });
  const controller = {
    brokerId: brokerId(3),
    brokerEpoch: brokerEpoch(13),
    controllerEpoch: controllerEpoch(7),
    endpoint: "http://h3:9",
    address: { host: "h3", port: 9 },
  };

  watch.suspect(controller);
  await new Promise((resolve) => setImmediate(resolve));

  expect(deposed).toEqual(times > 0 ? [controller] : []);
});
