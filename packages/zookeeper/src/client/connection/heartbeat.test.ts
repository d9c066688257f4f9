import { ManualTime } from "@zoolog/testkit";
import { Heartbeat } from "./heartbeat.ts";

const TIMEOUT_MS = 3_000;

function startedHeartbeat() {
  const time = new ManualTime();
  const pings: number[] = [];
  const silences: number[] = [];
  const heartbeat: Heartbeat = new Heartbeat(time, {
    ping: () => {
      pings.push(time.clock.monotonic());
      heartbeat.sent();
    },
    giveUp: (silenceMs) => silences.push(silenceMs),
  });
  heartbeat.start(TIMEOUT_MS);
  return { time, heartbeat, pings, silences };
}

test("an idle connection is pinged every quarter of the session timeout", () => {
  const { time, heartbeat, pings, silences } = startedHeartbeat();

  for (let i = 0; i < 60; i++) {
    time.advance(100);
    heartbeat.received();
  }

  expect(pings).toEqual([750, 1500, 2250, 3000, 3750, 4500, 5250, 6000]);
  expect(silences).toEqual([]);
});

test("a stream of inbound events does not starve the pings", () => {
  const { time, heartbeat, pings } = startedHeartbeat();

  for (let i = 0; i < 600; i++) {
    time.advance(10);
    heartbeat.received();
  }

  expect(pings.length).toBe(8);
});

test("requests are as good as pings", () => {
  const { time, heartbeat, pings } = startedHeartbeat();

  for (let i = 0; i < 12; i++) {
    time.advance(500);
    heartbeat.sent();
    heartbeat.received();
  }

  expect(pings).toEqual([]);
});

test("a server that is silent for two thirds of the timeout is given up", () => {
  const { time, silences } = startedHeartbeat();

  time.advance(2_000);
  expect(silences).toEqual([]);
  time.advance(150);

  expect(silences).toEqual([2_100]);
});

test("after a pause of the process what waits in the kernel is read before the judgement", () => {
  const { time, heartbeat, silences } = startedHeartbeat();
  const soon: (() => void)[] = [];
  const pausedProcess = new Heartbeat(
    { clock: time.clock, scheduler: { ...time.scheduler, soon: (task) => void soon.push(task) } },
    { ping: () => {}, giveUp: (silenceMs) => silences.push(silenceMs) },
  );
  heartbeat.stop();
  pausedProcess.start(TIMEOUT_MS);

  time.advance(10_000);
  pausedProcess.received();
  for (const task of soon) task();

  expect(soon).not.toEqual([]);
  expect(silences).toEqual([]);
});

test("nothing is left behind after stop, not even a judgement under way", () => {
  const { time, heartbeat, pings, silences } = startedHeartbeat();

  heartbeat.stop();
  time.advance(60_000);

  expect(time.pendingTimers).toBe(0);
  expect([pings, silences]).toEqual([[], []]);
});
