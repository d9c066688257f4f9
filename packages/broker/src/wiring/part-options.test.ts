import { brokerEpoch, silentLogger } from "@zoolog/base";
import { parseBrokerConfig } from "../config/config.ts";
import {
  advertisedAddresses,
  httpPlaneOptions,
  kafkaPlaneOptions,
  logConfigOfStrangers,
  lossesOf,
  warnOfUnnamedSynced,
} from "./part-options.ts";

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
  const bound = { listener: "HTTP", host: "127.0.0.1", port: 4711 };

  expect(advertisedAddresses(configWith(settings), [bound])).toEqual([
    { listener: "HTTP", ...address },
  ]);
});

test.each([
  ["clean", {}, {}],
  ["unclean", {}, { synced: { "orders-0": 7 }, unsynced: new Set(["orders-1"]) }],
  // Once the cluster knows since when records may be gone, every later start has to tell it again.
  [
    "clean",
    { unclean: brokerEpoch(9) },
    { unclean: 9, synced: { "orders-0": 7 }, unsynced: new Set(["orders-1"]) },
  ],
] as const)(
  "after a %s boot with losses %p the registration says of logs: %p",
  (boot, losses, told) => {
    const syncedSince = new Map([["orders-0", brokerEpoch(7)]]);
    const known = ["orders-0", "orders-1"];

    expect(lossesOf({ boot, losses, syncedSince, known })).toEqual(told);
  },
);

test("on both planes the setting says when answers that nobody reads are cut", () => {
  const configs = [configWith({}), configWith({ "answer.unread.timeout.ms": 7_000 })];

  for (const optionsOf of [httpPlaneOptions, kafkaPlaneOptions]) {
    const cutAfter = configs.map((config) => optionsOf(config).limits?.unreadTimeoutMs);
    expect(cutAfter).toEqual([30_000, 7_000]);
  }
});

test("a registration that cannot name all logs leaves every other one in doubt", () => {
  const known = Array.from({ length: 2_000 }, (_, i) => `${"t".repeat(249)}-${i}`);

  const told = lossesOf({ boot: "unclean", losses: {}, syncedSince: new Map(), known });

  expect(told.unsynced).toEqual(new Set(["*"]));
});

test("a registration names as many synced logs as a znode has room for, and says what it leaves out", () => {
  const names = Array.from({ length: 5_000 }, (_, i) => `${"t".repeat(249)}-${i}`);
  const syncedSince = new Map(names.map((name) => [name, brokerEpoch(4_294_967_334)]));
  const warnings: unknown[] = [];
  const logger = { ...silentLogger, warn: (_: string, fields: unknown) => warnings.push(fields) };

  const { synced = {}, unsynced } = lossesOf({
    ...{ boot: "unclean", losses: {}, syncedSince, known: names },
  });
  warnOfUnnamedSynced({ syncedSince }, logger);

  const named = Object.keys(synced).length;
  expect(named).toBeGreaterThan(900);
  expect(JSON.stringify(synced).length).toBeLessThan(256 * 1024);
  expect(unsynced).toEqual(new Set(["*"]));
  expect(warnings).toMatchObject([{ synced: 5_000, named, unnamed: 5_000 - named }]);
});

test("a registration that names all synced logs warns of nothing", () => {
  const warn = jest.fn();
  const syncedSince = new Map([["orders-0", brokerEpoch(7)]]);

  warnOfUnnamedSynced({ syncedSince }, { ...silentLogger, warn });

  expect(warn).not.toHaveBeenCalled();
});
