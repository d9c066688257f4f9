import { parseBrokerConfig } from "./config.ts";
import {
  describeBrokerConfigs,
  describeClusterConfigs,
  describeTopicConfigs,
} from "./describe-config.ts";

const started = parseBrokerConfig([
  {
    from: "test",
    settings: { "broker.id": 1, "data.dir": "/data", "zookeeper.connect": "localhost:2181" },
  },
]);
const layers = { started, overrides: { own: {}, cluster: { "log.retention.bytes": "4096" } } };

test("a limit that is lifted reads as it is written", () => {
  const entries = describeTopicConfigs({ "retention.ms": "-1" }, layers);

  expect(entries.find(({ name }) => name === "retention.bytes")).toMatchObject({
    value: "4096",
    source: "cluster",
    default: "-1",
  });
});

test("what another version has set is shown, so that it can be taken away", () => {
  const entries = describeTopicConfigs({ "from.the.future": "1" }, layers);

  expect(entries.at(-1)).toMatchObject({ name: "from.the.future", value: "1", source: "topic" });
});

test("a broker shows all its settings, those without a value too", () => {
  const entries = describeBrokerConfigs(layers);

  const rack = entries.find(({ name }) => name === "broker.rack");
  expect(rack).toMatchObject({ source: "default", dynamic: false, synonyms: [] });
  expect(rack).not.toHaveProperty("value");
  expect(entries.find(({ name }) => name === "broker.id")).toMatchObject({
    value: "1",
    source: "static",
  });
});

test("all brokers together have the values that were set for all, and no others", () => {
  const entries = describeClusterConfigs(layers.overrides.cluster);

  expect(entries.filter(({ value }) => value !== undefined)).toEqual([
    expect.objectContaining({ name: "log.retention.bytes", value: "4096", source: "cluster" }),
  ]);
  expect(entries.map(({ name }) => name)).not.toContain("http.port");
});
