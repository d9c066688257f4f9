import {
  boolean,
  host,
  integer,
  integerOrUnlimited,
  optionalHost,
  optionalText,
} from "./setting.ts";

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/** Where calls come in, and how much of them at one time: a part of `brokerSettings`. */
export const listenerSettings = {
  httpHost: host({
    byDefault: "127.0.0.1",
    about:
      "Where the HTTP plane listens. Loopback, because everything is open to whoever can connect.",
  }),
  httpPort: integer({
    byDefault: 8092,
    min: 0,
    max: 65_535,
    about: "Port of the HTTP plane; 0 takes any free one.",
  }),
  httpAdvertisedHost: optionalHost({
    about: "The host that clients and brokers are told to connect to. Without it, `http.host`.",
  }),
  httpAdvertisedPort: integer({
    byDefault: 0,
    min: 0,
    max: 65_535,
    about: "The port that clients and brokers are told; 0: the one that is listened on.",
  }),

  httpAllowedHosts: optionalText({
    takes: "names, separated by commas",
    about:
      "Host names this broker answers to, besides `localhost` and addresses: protects a broker " +
      "on a private machine from web pages (DNS rebinding). Without it: on loopback none, else any.",
  }),
  kafkaEnabled: boolean({
    byDefault: true,
    about: "Whether Kafka's protocol is spoken, so that Kafka clients can connect.",
  }),
  kafkaHost: optionalHost({
    about: "Where Kafka's protocol is spoken. Without it, `http.host`.",
  }),
  kafkaPort: integer({
    byDefault: 9092,
    min: 0,
    max: 65_535,
    about: "Port of Kafka's protocol; 0 takes any free one.",
  }),
  kafkaAdvertisedHost: optionalHost({
    about:
      "The host that Kafka clients are told to connect to. Without it, `http.advertised.host`, or " +
      "where Kafka's protocol is spoken.",
  }),
  kafkaAdvertisedPort: integer({
    byDefault: 0,
    min: 0,
    max: 65_535,
    about: "The port that Kafka clients are told; 0: the one that is listened on.",
  }),
  kafkaListeners: optionalText({
    takes: "`NAME://host:port`, separated by commas",
    about:
      "More listeners of Kafka's protocol, as for clients from outside: whoever comes in by one is " +
      "told the addresses of this name of all brokers. The first one is `KAFKA`, at `kafka.port`.",
  }),
  kafkaAdvertisedListeners: optionalText({
    takes: "`NAME://host:port`, separated by commas",
    about: "What clients of `kafka.listeners` are told to connect to, where it is another address.",
  }),
  maxConnections: integer({
    byDefault: 10_000,
    min: 1,
    max: 1_000_000,
    about:
      "Open connections by HTTP, and as many by Kafka's protocol; more are closed at once. Well below " +
      "the limit of open files.",
  }),
  maxConnectionsPerIp: integerOrUnlimited({
    byDefault: undefined,
    min: 1,
    max: 1_000_000,
    about: "Of those by Kafka's protocol, how many may come from one address.",
  }),
  connectionsMaxIdleMs: integer({
    byDefault: 10 * MINUTE,
    min: SECOND,
    max: DAY,
    about:
      "A connection by Kafka's protocol that is silent for so long is closed. Kafka's default.",
  }),
  answerUnreadTimeoutMs: integer({
    byDefault: 30 * SECOND,
    min: SECOND,
    max: 10 * MINUTE,
    about:
      "A client that takes nothing of its answer for so long is cut, by HTTP and by Kafka's protocol: " +
      "answers that nobody reads fill the memory that others wait for.",
  }),
  socketRequestMaxBytes: integer({
    byDefault: 32 * MIB,
    min: MIB,
    max: 512 * MIB,
    about: "Largest produce request, all its batches together.",
  }),
  queuedMaxRequestBytes: integer({
    byDefault: 256 * MIB,
    min: MIB,
    max: 64 * GIB,
    about:
      "Bytes of requests and answers in memory at one time. More are refused (retriable), so " +
      "that many large requests cannot exhaust the memory.",
  }),
};
