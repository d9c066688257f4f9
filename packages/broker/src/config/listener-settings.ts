import { integer, optionalText, text } from "./setting.ts";

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

/** Where calls come in, and how much of them at one time: a part of `brokerSettings`. */
export const listenerSettings = {
  httpHost: text({
    byDefault: "127.0.0.1",
    takes: "a host name or address",
    about:
      "Where the HTTP plane listens. Loopback, because everything is open to whoever can connect.",
  }),
  httpPort: integer({
    byDefault: 8092,
    min: 0,
    max: 65_535,
    about: "Port of the HTTP plane; 0 takes any free one.",
  }),
  httpAdvertisedHost: optionalText({
    takes: "a host name or address",
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
  maxConnections: integer({
    byDefault: 10_000,
    min: 1,
    max: 1_000_000,
    about: "Open connections; more are closed at once. Well below the limit of open files.",
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
