import { parseBrokerConfig } from "../config/config.ts";
import { advertisedAddress, logConfigOfStrangers } from "./part-options.ts";

const configWith = (settings: Record<string, unknown>) =>
  parseBrokerConfig([
    {
      from: "test",
      settings: { "broker.id": 1, "data.dir": "/d", "zookeeper.connect": "z:1", ...settings },
    },
  ]);

test("a log whose topic is not known loses nothing to retention", () => {
  const config = configWith({ "log.retention.ms": 1, "log.retention.bytes": 1 });

  expect(logConfigOfStrangers(config)).toMatchObject({
    retentionMs: undefined,
    retentionBytes: undefined,
    segmentBytes: config.logSegmentBytes,
  });
});

test.each([
  [{}, { host: "127.0.0.1", port: 4711 }],
  [{ "http.advertised.port": 80 }, { host: "127.0.0.1", port: 80 }],
  [{ "http.advertised.host": "b1.example" }, { host: "b1.example", port: 4711 }],
])("with %p clients are sent to %p", (settings, address) => {
  const bound = { host: "127.0.0.1", port: 4711 };

  expect(advertisedAddress(configWith(settings), bound)).toEqual(address);
});
