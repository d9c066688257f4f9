import { Client } from "./client.ts";
import { parseOffsets } from "./offsets.ts";
import { serde } from "./serde.ts";
import { topic } from "./topic.ts";

const client = new Client({ brokers: ["127.0.0.1:1"] });
const texts = topic("texts");
/** As JavaScript may: none of it type-checks. */
function call(target: object, method: string, ...given: unknown[]): unknown {
  return Reflect.apply(Reflect.get(target, method) as () => unknown, target, given);
}
const newClient = (...given: unknown[]): unknown => Reflect.construct(Client, given);
const options = { group: "g", topics: [texts] };
const producer = () => client.producer();
const consumer = () => client.consumer(options);
const { admin } = client;
const { configs, groups } = admin;

afterAll(() => client.close());

test.each<[string, () => unknown, string]>([
  ["a client without options", () => newClient(), "options must be an object"],
  ["a client without brokers", () => newClient({}), "brokers must be an array"],
  ["brokers in one text", () => newClient({ brokers: "b:1" }), 'must be an array, not "b:1"'],
  ["a timeout NaN", () => newClient({ brokers: ["b"], requestTimeoutMs: NaN }), "not NaN"],
  [
    "a topic without a name",
    () => call({ topic }, "topic"),
    "must be the name of a topic, not undefined",
  ],
  [
    "a serde's maker",
    () => call({ topic }, "topic", "a", { key: serde.string }),
    "key must be a serde",
  ],
  ["a serde without functions", () => call(serde, "custom", {}), "must be a serde"],
  [
    "offsets as a number",
    () => call({ parseOffsets }, "parseOffsets", 5),
    '"5" does not say where to read',
  ],
  ["producer options as a text", () => call(client, "producer", "x"), "options must be an object"],
  [
    "a partitioner that is none",
    () => call(client, "producer", { partitioner: {} }),
    "partitioner",
  ],
  [
    "sending to a name",
    () => call(producer(), "send", "t", { value: "x" }),
    "must be a typed topic",
  ],
  [
    "sending a text",
    () => call(producer(), "send", texts, "x"),
    'record must be an object, not "x"',
  ],
  ["sending many to a name", () => call(producer(), "sendMany", "t", []), "must be a typed topic"],
  ["sending no source", () => call(producer(), "sendMany", texts), "records must be an iterable"],
  ["piping into a name", () => call(producer(), "writable", "t"), "must be a typed topic"],
  ["reading a name", () => call(client, "read", "t"), 'must be a typed topic, not "t"'],
  ["a reader of nothing", () => call(client, "reader"), "must be a typed topic, not undefined"],
  [
    "a partition",
    () => call(client, "reader", texts, { partitions: 0 }),
    "partitions must be an array",
  ],
  [
    "partition -1",
    () => call(client, "reader", texts, { partitions: [-1] }),
    "whole number from 0",
  ],
  [
    "a choice that is none",
    () => call(client, "reader", texts, { onOffsetOutOfRange: "latest" }),
    'onOffsetOutOfRange must be "fail", "start" or "end", not "latest"',
  ],
  ["a reader's new partition", () => call(client.reader(texts), "assign", 0), "must be an array"],
  ["a consumer of nothing", () => call(client, "consumer"), "options must be an object"],
  [
    "no group",
    () => call(client, "consumer", { topics: [texts] }),
    "group must be a text of 1 to 249",
  ],
  ["group 7", () => call(client, "consumer", { ...options, group: 7 }), "group must be a text"],
  ["no topics", () => call(client, "consumer", { ...options, topics: [] }), "at least one topic"],
  ["names", () => call(client, "consumer", { ...options, topics: ["t"] }), "must be a typed topic"],
  [
    "a name",
    () => call(client, "consumer", { ...options, topics: "t" }),
    "topics must be an array",
  ],
  [
    "a topic twice",
    () => call(client, "consumer", { ...options, topics: [texts, topic("texts")] }),
    "must have each topic once, and has texts twice",
  ],
  [
    "a pattern without serdes",
    () => call(client, "consumer", { ...options, topics: { pattern: "t" } }),
    "topics.key must be a serde",
  ],
  ["protocol 2", () => call(client, "consumer", { ...options, protocol: 2 }), "protocol must be"],
  ["commit auto", () => call(client, "consumer", { ...options, commit: "auto" }), "commit must be"],
  ["no memory", () => call(client, "consumer", { ...options, prefetchBytes: 0 }), "from 1 to"],
  [
    "instance ''",
    () => call(client, "consumer", { ...options, instanceId: "" }),
    "instanceId must be",
  ],
  ["a callback 5", () => call(client, "consumer", { ...options, onLost: 5 }), "must be a function"],
  ["running nothing", () => call(consumer(), "run"), "handler must be a function"],
  [
    "concurrency NaN",
    () => call(consumer(), "run", () => {}, { concurrency: NaN }),
    "concurrency must be",
  ],
  [
    "a pause that no timer takes",
    () => call(consumer(), "run", () => {}, { retry: { backoffMaxMs: 2 ** 31 } }),
    "retry.backoffMaxMs must be a number from 0 to 86400000",
  ],
  ["order topic", () => call(consumer(), "run", () => {}, { order: "topic" }), "order must be"],
  [
    "poison",
    () => call(consumer(), "run", () => {}, { onPoison: "ignore" }),
    'must be "fail" or "skip"',
  ],
  [
    "dead letters",
    () => call(consumer(), "run", () => {}, { onPoison: {} }),
    "must be the name of a topic",
  ],
  ["a position", () => call(consumer(), "commit", { topic: "t" }), "positions must be an array"],
  [
    "offset -1",
    () => call(consumer(), "commit", [{ offset: -1 }]),
    "offset must be a whole number",
  ],
  ["a partition's name", () => call(consumer(), "seek", "t-0", 0), "partition must be an object"],
  ["pausing a name", () => call(consumer(), "pause", "t"), "partitions must be an array"],
  ["yesterday", () => call(consumer(), "rewind", "yesterday"), "to must be a Date"],
  ["creating a name", () => call(admin, "createTopic", "t"), "topic must be an object"],
  [
    "creating one of several",
    () => call(admin, "createTopics", { topic: "t" }),
    "topics must be an array",
  ],
  [
    "deleting a typed topic",
    () => call(admin, "deleteTopic", texts),
    "must be the name of a topic",
  ],
  [
    "records by an object",
    () => call(admin, "deleteRecords", "t", { 0: 1 }),
    "before must be a Map",
  ],
  ["the end", () => call(admin, "listOffsets", "t", "end"), 'at must be "earliest", "latest" or'],
  ["a group without a name", () => call(groups, "describe"), "group must be a text"],
  ["a reset to nowhere", () => call(groups, "planReset", "g", {}), "reset must say where"],
  ["settings of a name", () => call(configs, "describe", "t"), "resource must be"],
  ["one change", () => call(configs, "alter", { topic: "t" }, { name: "x" }), "must be an array"],
  ["no options", () => call(admin, "listTopics", null), "options must be an object, not null"],
])("%s is refused by name", async (_, act, message) => {
  await expect((async () => await act())()).rejects.toMatchObject({
    name: "ZoologError",
    code: expect.stringMatching(/^INVALID_(OPTION|OFFSETS)$/u),
    message: expect.stringContaining(message),
  });
});
