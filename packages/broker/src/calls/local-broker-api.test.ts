import { ZoologError } from "@zoolog/base";
import { LocalBrokerApi, type LocalBrokerApiDependencies } from "./local-broker-api.ts";

test("one metadata call creates a hundred topics, and the next call those behind them", async () => {
  const calls: string[][] = [];
  const image = {
    topics: new Map(),
    topicNames: new Map(),
    brokers: new Map(),
    unreadableTopics: new Map(),
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
  const names = Array.from({ length: 150 }, (_, i) => `topic-${i}`);
  const request = { topics: ["topic-0", ...names], allowAutoTopicCreation: true };

  const first = await api.metadata(request);
  const second = await api.metadata(request);

  const codes = ({ topics }: typeof first) =>
    topics.slice(1).map((topic) => ("error" in topic ? topic.error.code : "there"));
  expect(calls).toEqual([names.slice(0, 100), names.slice(100)]);
  expect(codes(first).slice(0, 100)).toEqual(Array(100).fill("there"));
  expect(codes(first).slice(100)).toEqual(Array(50).fill("LEADER_NOT_AVAILABLE"));
  expect(codes(second)).toEqual(Array(150).fill("there"));
});

type Ways = { readonly there: (endpoint: string) => Promise<unknown> };

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
