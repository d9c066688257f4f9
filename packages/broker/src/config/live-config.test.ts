import type { ClusterImage } from "@zoolog/controller";
import { parseBrokerConfig } from "./config.ts";
import { CONFIG_RULES } from "./dynamic-settings.ts";
import { LiveConfig } from "./live-config.ts";

const started = parseBrokerConfig([
  {
    from: "test",
    settings: {
      "broker.id": 1,
      "data.dir": "/data",
      "zookeeper.connect": "localhost:2181",
      "log.retention.ms": 5_000,
    },
  },
]);

function following(configs: Record<string, Record<string, string>>): LiveConfig {
  const live = new LiveConfig(started);
  live.follow({ brokerConfigs: new Map(Object.entries(configs)) } as unknown as ClusterImage);
  return live;
}

test("a broker's override wins over that of all brokers, and that over its configuration", () => {
  const cluster = { "log.retention.ms": "7000", "log.segment.bytes": "2048" };

  const { current } = following({
    "<default>": cluster,
    "1": { "log.retention.ms": "6000" },
    "2": { "log.roll.ms": "9000" },
  });

  expect(current).toMatchObject({ logRetentionMs: 6_000, logSegmentBytes: 2_048 });
  expect(current.logRollMs).toBe(started.logRollMs);
});

test("what is not understood, read at a start or the same on all brokers is left out", () => {
  const live = following({
    "<default>": { "http.port": "1", "log.flush": "sometimes", "from.the.future": "1" },
    "1": { "num.partitions": "9" },
  });

  expect(live.current).toBe(started);
});

test("an override that goes leaves what was there before", () => {
  const live = following({ "1": { "log.retention.ms": "-1" } });
  expect(live.current.logRetentionMs).toBeUndefined();

  live.follow({ brokerConfigs: new Map() } as unknown as ClusterImage);

  expect(live.current.logRetentionMs).toBe(5_000);
});

test.each([
  ["1", "log.retention.m", "1", 'unknown broker setting "log.retention.m"; did you mean'],
  ["1", "http.port", "1", "is read when a broker starts"],
  ["1", "log.flush", "fsync", "is the same on all brokers"],
  ["<default>", "log.flush", "fsync", undefined],
  ["<default>", "log.flush", "maybe", '"log.flush" takes os or fsync'],
  ["1", "log.retention.ms", "-1", undefined],
])("a change of broker %s to %s=%s is judged: %s", (name, setting, value, fault) => {
  const found = CONFIG_RULES.fault({ kind: "broker", name }, setting, value);

  if (fault === undefined) expect(found).toBeUndefined();
  else expect(found).toContain(fault);
});

test("lists are known as such", () => {
  const topic = { kind: "topic", name: "orders" } as const;

  expect(CONFIG_RULES.listDefault(topic, "cleanup.policy")).toEqual(["delete"]);
  expect(CONFIG_RULES.listDefault(topic, "retention.ms")).toBeUndefined();
});
