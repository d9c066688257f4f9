import type { AbortSignalLike } from "@zoolog/base";
import type { BrokerApi, HttpPlaneDependencies } from "@zoolog/broker";
import { BROKER_CREDENTIAL_HEADER, decodeMessage, encodeMessage } from "@zoolog/protocol";
import { seededRandom } from "../../seeded-random.ts";
import { Schedule } from "../schedule/schedule.ts";
import { SimulatedProcess } from "../schedule/simulated-process.ts";
import { Trace } from "../schedule/trace.ts";
import type { Listeners, TransportResponse } from "./listeners.ts";
import { SimulatedNetwork } from "./simulated-network.ts";
import { SimulatedPlane } from "./simulated-plane.ts";
import { SimulatedTransport } from "./simulated-transport.ts";

const ENDPOINT = "http://b:8092";

/** A caller `a` and a broker `b` whose `metadata` does what the test says. */
async function given(
  metadata: (signal: AbortSignalLike, kind: string) => unknown = () => ({ brokers: [] }),
) {
  const schedule = new Schedule({ random: seededRandom(1), trace: new Trace() });
  const network = new SimulatedNetwork({ schedule, random: seededRandom(2) });
  const processOf = (name: string) =>
    new SimulatedProcess(name, { schedule, random: seededRandom(3) });
  const listeners: Listeners = new Map();
  const [caller, server] = [processOf("a"), processOf("b")];
  const api = {
    metadata: (_: unknown, { signal, principal }: Parameters<BrokerApi["metadata"]>[1]) =>
      Promise.resolve(metadata(signal, principal.kind)),
  };
  const peers = {
    api: { clusterImage: () => Promise.resolve({}) },
    brokerOf: (credential: string) => (credential === "good" ? { kind: "broker" } : undefined),
  };
  const broker = { api, peers } as unknown as HttpPlaneDependencies;
  const plane = new SimulatedPlane(
    { host: "b", port: 8092 },
    { process: server, listeners, broker },
  );
  await plane.listen();
  const transport = new SimulatedTransport({ process: caller, network, listeners });
  const post = (
    path = "/v1/metadata",
    more: { signal?: AbortSignal; credential?: string; answerBeginsMs?: number } = {},
  ) => {
    const { signal, credential, answerBeginsMs } = more;
    const sent = transport.post({
      endpoint: ENDPOINT,
      path,
      contentType: "application/msgpack",
      body: [Buffer.from(encodeMessage({}))],
      timeoutMs: 1_000,
      ...(answerBeginsMs !== undefined && { answerBeginsMs }),
      ...(signal && { signal }),
      ...(credential && { headers: { [BROKER_CREDENTIAL_HEADER]: credential } }),
    });
    const outcome = sent.then(
      (response) => ({ response, at: schedule.nowMs }),
      (error: { code?: unknown; name: string }) => ({
        failed: typeof error.code === "string" ? error.code : error.name,
        at: schedule.nowMs,
      }),
    );
    return outcome;
  };
  return { schedule, network, caller, server, plane, transport, post };
}

function codeOf(response: TransportResponse): unknown {
  const decoded = decodeMessage(Buffer.from(response.body));
  return JSON.stringify(decoded);
}

test("a call is answered by the broker behind the endpoint", async () => {
  const { schedule, post } = await given();
  const sent = post();
  await schedule.run({});
  expect(await sent).toMatchObject({ response: { status: 200 } });
});

test("who calls where nobody listens is refused at once", async () => {
  const { schedule, plane, post } = await given();
  plane.stopListening();
  const sent = post();
  await schedule.run({});
  const { failed, at } = (await sent) as { failed: string; at: number };
  expect(failed).toBe("CONNECTION_REFUSED");
  expect(at).toBeLessThan(10);
});

test("calls under way break when the process of the broker is killed", async () => {
  const { schedule, plane, server, post } = await given(() => new Promise(() => {}));
  const sent = post();
  await schedule.run({ atMs: 100 });
  plane.resetAll();
  server.kill();
  await schedule.run({ atMs: 200 });
  expect(await sent).toMatchObject({ failed: "NETWORK_EXCEPTION" });
});

test("a broker hears that the process of its caller is dead", async () => {
  const signals: AbortSignalLike[] = [];
  const { schedule, caller, transport, post } = await given((signal) => {
    signals.push(signal);
    return new Promise(() => {});
  });
  void post();
  await schedule.run({ atMs: 100 });
  expect(signals[0]?.aborted).toBe(false);
  transport.hangUpAll();
  caller.kill();
  await schedule.run({ atMs: 200 });
  expect(signals[0]?.aborted).toBe(true);
});

test("a clogged way answers nothing until the time is over, and arrives when it is free", async () => {
  const { schedule, network, post } = await given();
  network.clog("a", "b");
  const late = post();
  await schedule.run({ atMs: 2_000 });
  expect(await late).toEqual({ failed: "REQUEST_TIMED_OUT", at: 1_000 });
  const held = post();
  await schedule.run({ atMs: 2_500 });
  network.unclog("a", "b");
  await schedule.run({ atMs: 2_600 });
  expect(await held).toMatchObject({ response: { status: 200 } });
});

test("an answer that does not begin in its time is given up", async () => {
  const { schedule, network, post } = await given();
  network.clog("a", "b");
  const sent = post("/v1/metadata", { answerBeginsMs: 200 });
  await schedule.run({});
  expect(await sent).toEqual({ failed: "REQUEST_TIMED_OUT", at: 200 });
});

test("only one direction can be clogged: the call is done, and its answer lost", async () => {
  let calls = 0;
  const { schedule, network, post } = await given(() => ({ brokers: [], calls: ++calls }));
  network.clog("b", "a");
  const sent = post();
  await schedule.run({ atMs: 500 });
  network.unclog("b", "a", "isLost");
  await schedule.run({ atMs: 2_000 });
  expect([calls, await sent]).toEqual([1, { failed: "REQUEST_TIMED_OUT", at: 1_000 }]);
});

test("the broker hears that a caller has given up", async () => {
  const heard: AbortSignalLike[] = [];
  const { schedule, post } = await given((signal) => {
    heard.push(signal);
    return new Promise(() => {});
  });
  const controller = new AbortController();
  const sent = post("/v1/metadata", { signal: controller.signal });
  await schedule.run({ atMs: 100 });
  expect(heard[0]?.aborted).toBe(false);
  controller.abort();
  await schedule.run({ atMs: 200 });
  expect([await sent, heard[0]?.aborted]).toEqual([{ failed: "AbortError", at: 100 }, true]);
});

test("a paused broker answers when it goes on", async () => {
  const { schedule, server, post } = await given();
  server.pause();
  const sent = post();
  await schedule.run({ atMs: 500 });
  server.resume();
  await schedule.run({ atMs: 600 });
  const { at } = await sent;
  expect(at).toBeGreaterThanOrEqual(500);
});

test("what a killed process still sends leaves it never", async () => {
  const { schedule, caller, post } = await given();
  caller.kill();
  void post();
  await schedule.run({});
  expect(schedule.trace.count).toBe(0);
});

test("a closing plane answers what is under way before it has closed", async () => {
  let answer: (value: unknown) => void = () => {};
  const { schedule, plane, post } = await given(
    () =>
      new Promise((resolve) => {
        answer = resolve;
      }),
  );
  const sent = post();
  await schedule.run({ atMs: 100 });
  const closing = plane.close();
  answer({ brokers: [] });
  await schedule.run({ atMs: 200 });
  await closing;
  expect(await sent).toMatchObject({ response: { status: 200 } });
});

test("a credential makes a broker of the caller; one that is not known changes nothing", async () => {
  const kinds: string[] = [];
  const { schedule, post } = await given((_, kind) => {
    kinds.push(kind);
    return { brokers: [] };
  });
  for (const credential of ["good", "bad"]) {
    const sent = post("/v1/metadata", { credential });
    await schedule.run({});
    await sent;
  }
  expect(kinds).toEqual(["broker", "anonymous"]);
});

test("calls of brokers are refused to everybody else", async () => {
  const { schedule, post } = await given();
  const sent = post("/v1/cluster-image", { credential: "bad" });
  await schedule.run({});
  const { response } = (await sent) as { response: TransportResponse };
  expect(codeOf(response)).toContain("CLUSTER_AUTHORIZATION_FAILED");
});
