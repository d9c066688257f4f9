import { ZoologError } from "@zoolog/base";
import type { MetadataResponse } from "@zoolog/protocol";
import { LocalBrokerApi, type LocalBrokerApiDependencies } from "./local-broker-api.ts";

type Ways = { readonly there: (endpoint: string) => Promise<unknown> };

/** A broker that asks a controller elsewhere, which creates whatever it is asked for. */
function brokerWithController(unreadable: readonly string[] = []) {
  const calls: string[][] = [];
  const image = {
    topics: new Map(),
    topicNames: new Map(),
    brokers: new Map(),
    unreadableTopics: new Map(unreadable.map((name) => [name, { name, reason: "garbled" }])),
  };
  const peers = {
    call: async (_endpoint: string, _call: string, { topics }: { topics: { topic: string }[] }) => {
      calls.push(topics.map(({ topic }) => topic));
      for (const { topic } of topics) image.topics.set(topic, { topicId: topic, partitions: [] });
      return { topics: topics.map(({ topic }) => ({ topic })) };
    },
  };
  const api = new LocalBrokerApi({
    cache: { image, waitFor: async () => {} },
    live: { current: { autoCreateTopicsEnable: true } },
    link: { atController: (_limits: object, ways: Ways) => ways.there("http://controller") },
    peers,
    clock: { monotonic: () => 0 },
  } as unknown as LocalBrokerApiDependencies);
  return { api, calls };
}

const codes = ({ topics }: MetadataResponse) =>
  topics.map((topic) => ("error" in topic ? topic.error.code : "there"));

test("one metadata call creates a hundred topics, and the next call those behind them", async () => {
  const { api, calls } = brokerWithController();
  const names = Array.from({ length: 150 }, (_, i) => `topic-${i}`);
  const request = { topics: ["topic-0", ...names], allowAutoTopicCreation: true };

  const first = await api.metadata(request);
  const second = await api.metadata(request);

  expect(calls).toEqual([names.slice(0, 100), names.slice(100)]);
  expect(codes(first).slice(1, 101)).toEqual(Array(100).fill("there"));
  expect(codes(first).slice(101)).toEqual(Array(50).fill("LEADER_NOT_AVAILABLE"));
  expect(codes(second).slice(1)).toEqual(Array(150).fill("there"));
});

test("names that nothing can have take nobody's turn, and are unknown topics", async () => {
  const unreadable = Array.from({ length: 100 }, (_, i) => `unreadable-${i}`);
  const { api, calls } = brokerWithController(unreadable);
  const illegal = Array.from({ length: 100 }, (_, i) => `no/topic-${i}`);
  const twins = Array.from({ length: 100 }, (_, i) => `same_form-${"_".repeat(i)}`);
  const others = twins.map((name) => name.replace("_", "."));
  const names = [...illegal, ...unreadable, ...twins.slice(0, 99), ...others, "last"];

  const answer = await api.metadata({ topics: names, allowAutoTopicCreation: true });

  expect(calls).toEqual([[...twins.slice(0, 99), ...others.slice(99)]]);
  const told = new Map(names.map((name, i) => [name, codes(answer)[i]]));
  expect(told.get("last")).toBe("LEADER_NOT_AVAILABLE");
  expect(told.get("no/topic-0")).toBe("UNKNOWN_TOPIC_OR_PARTITION");
  expect(told.get(others[0] ?? "")).toBe("UNKNOWN_TOPIC_OR_PARTITION");
});

test("topics that are there have their leaders told while others cannot be created", async () => {
  const orders = { topicId: "AAAAAAAAAAAAAAAAAAAAAQ", partitions: [], configs: {} };
  const noController = new ZoologError({
    code: "REQUEST_TIMED_OUT",
    message: "there is no controller",
    retriable: true,
    hint: "Try again.",
  });
  const api = new LocalBrokerApi({
    cache: {
      image: {
        topics: new Map([["orders", orders]]),
        brokers: new Map(),
        unreadableTopics: new Map(),
      },
    },
    live: { current: { autoCreateTopicsEnable: true } },
    link: { atController: () => Promise.reject(noController) },
    clock: { monotonic: () => 0 },
  } as unknown as LocalBrokerApiDependencies);

  const { topics } = await api.metadata({
    topics: ["orders", "missing"],
    allowAutoTopicCreation: true,
  });

  expect(topics).toMatchObject([
    { topic: "orders", topicId: orders.topicId },
    { topic: "missing", error: { code: "UNKNOWN_TOPIC_OR_PARTITION" } },
  ]);
});

test("a broker that has no picture of the cluster yet says so of topics, and names no brokers", async () => {
  const api = new LocalBrokerApi({
    cache: { image: undefined },
    live: { current: { autoCreateTopicsEnable: true } },
  } as unknown as LocalBrokerApiDependencies);

  const asked = api.metadata({ topics: ["orders"], allowAutoTopicCreation: true });

  await expect(asked).rejects.toMatchObject({ code: "LEADER_NOT_AVAILABLE", retriable: true });
  expect(api.brokersAt("KAFKA")).toEqual([]);
});

test("the first picture of the cluster is waited for, whatever it shows, and no longer than told", async () => {
  const waits: unknown[] = [];
  const waitFor = async (fits: (image: object) => boolean, timeoutMs: number) => {
    waits.push([fits({}), timeoutMs]);
    return false;
  };
  const api = new LocalBrokerApi({ cache: { waitFor } } as unknown as LocalBrokerApiDependencies);

  expect(await api.clusterKnown(5_000)).toBe(false);
  expect(waits).toEqual([[true, 5_000]]);
});
