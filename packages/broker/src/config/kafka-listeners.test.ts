import { parseBrokerConfig } from "./config.ts";
import { checkedKafkaListeners } from "./kafka-listeners.ts";

const listenersOf = (settings: Record<string, unknown>) =>
  checkedKafkaListeners(
    parseBrokerConfig([
      {
        from: "test",
        settings: { "broker.id": 1, "data.dir": "/d", "zookeeper.connect": "z:1", ...settings },
      },
    ]),
  ).map((each) => [
    each.listener,
    `${each.host}:${each.port}`,
    `${each.advertisedHost}:${each.advertisedPort}`,
  ]);

test.each([
  [{}, [["KAFKA", "127.0.0.1:9092", "127.0.0.1:0"]]],
  [{ "kafka.enabled": false, "kafka.listeners": "X://h:1" }, []],
  [{ "kafka.enabled": false, "http.port": 9092 }, []],
  [{ "http.port": 0, "kafka.port": 0 }, [["KAFKA", "127.0.0.1:0", "127.0.0.1:0"]]],
  [{ "http.port": 9092, "kafka.host": "10.0.0.1" }, [["KAFKA", "10.0.0.1:9092", "10.0.0.1:0"]]],
  [{ "http.host": "0.0.0.0", "http.advertised.host": "b1" }, [["KAFKA", "0.0.0.0:9092", "b1:0"]]],
  [
    { "kafka.host": "::1", "kafka.advertised.host": "b1", "kafka.advertised.port": 7 },
    [["KAFKA", "::1:9092", "b1:7"]],
  ],
  [
    {
      "kafka.listeners": "EXTERNAL://0.0.0.0:9094, SITE_2://[::1]:0",
      "kafka.advertised.listeners": "EXTERNAL://kafka.example.com:443",
    },
    [
      ["KAFKA", "127.0.0.1:9092", "127.0.0.1:0"],
      ["EXTERNAL", "0.0.0.0:9094", "kafka.example.com:443"],
      ["SITE_2", "::1:0", "::1:0"],
    ],
  ],
])("%p listens by %p", (settings, listeners) => {
  expect(listenersOf(settings)).toEqual(listeners);
});

test.each([
  [{ "kafka.listeners": "external://h:1" }, "NAME://host:port"],
  [{ "kafka.listeners": "X://h" }, "NAME://host:port"],
  [{ "kafka.listeners": "X://h:65536" }, "NAME://host:port"],
  [{ "kafka.listeners": "X://h:1," }, 'not ""'],
  [{ "kafka.listeners": "X://h:1,X://h:2" }, "names X twice"],
  [{ "kafka.listeners": "KAFKA://h:1" }, "cannot name KAFKA"],
  [{ "kafka.listeners": "HTTP://h:1" }, "cannot name HTTP"],
  [{ "kafka.advertised.listeners": "X://h:1" }, 'names X, which "kafka.listeners" does not'],
  [{ "kafka.listeners": "X://0.0.0.0:1" }, "does not name X: nobody can connect to 0.0.0.0"],
  [{ "http.port": 9092 }, '"http.port" and "kafka.port" are the same: 9092'],
  [{ "http.port": 9092, "kafka.host": "0.0.0.0", "kafka.advertised.host": "b" }, "are the same"],
  [{ "http.host": "localhost", "http.port": 9092, "kafka.host": "127.0.0.1" }, "are the same"],
  [
    { "kafka.listeners": "X://127.0.0.1:8092" },
    '"http.port" and "kafka.listeners" (X) are the same',
  ],
  [{ "kafka.listeners": "X://127.0.0.1:9092" }, '"kafka.port" and "kafka.listeners" (X) are the'],
  [{ "kafka.listeners": "X://h:1,Y://h:1" }, '"kafka.listeners" (X) and "kafka.listeners" (Y) are'],
  [{ "kafka.host": "::" }, '"kafka.advertised.host" is missing: nobody can connect to ::'],
])("%p is refused: %p", (settings, fault) => {
  expect(() => listenersOf(settings)).toThrow(fault);
});
