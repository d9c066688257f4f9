import { ZoologError } from "@zoolog/base";
import { LocalBrokerApi, type LocalBrokerApiDependencies } from "./local-broker-api.ts";

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
