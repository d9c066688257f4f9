/**
 * Flags of Kafka's tools that have no counterpart in the script of that name: what does the same here,
 * or why nothing does. Names of scripts are ours.
 */

const NO_CLIENT_FILE =
  "There is no configuration file of a client: flags say it all, and connections need no credentials.";
const BY_DOCTOR = "`zoolog doctor` names them, why it matters, and how to mend it.";
const NO_SUCH_ENTITY = "Only topics and brokers have settings here.";
const NOT_TUNED =
  "The producer sees to that by itself; `zoolog produce --help` shows what it takes.";
const BY_TIMEOUT = "`zoolog produce TOPIC --timeout 30s`: how long a record may be on its way.";
const AS_TEXT =
  "Keys and values are shown as text; `zoolog consume TOPIC -o json` shows bytes that are none in base64.";

const EVERYWHERE: Readonly<Record<string, string>> = {
  "--zookeeper": "Name brokers: --bootstrap-server host:8092; the brokers know their ZooKeeper.",
  "--bootstrap-controller": "Name brokers: --bootstrap-server host:8092; they ask the controller.",
  "--command-config": NO_CLIENT_FILE,
  "--version": "`zoolog version` tells it.",
};

const TOPICS: Readonly<Record<string, string>> = {
  "--at-min-isr-partitions": "`zoolog topic describe TOPIC` shows who is in sync.",
  "--under-min-isr-partitions": BY_DOCTOR,
  "--under-replicated-partitions": BY_DOCTOR,
  "--unavailable-partitions": BY_DOCTOR,
  "--topics-with-overrides": "`zoolog config get topic TOPIC --changed` shows those of one topic.",
  "--delete-config":
    "configs.sh --alter --entity-type topics --entity-name TOPIC --delete-config NAME, or `zoolog config unset topic TOPIC NAME`.",
  "--replica-assignment":
    "Brokers place replicas by rack and load; partitions that are added take `zoolog topic partitions add TOPIC --more N --assign 1,2,3`.",
  "--disable-rack-aware": "Racks are heeded only where every broker names its own (broker.rack).",
  "--topic-id": "Name the topic.",
  "--partition-size-limit-per-response": "Leave it out: an answer holds all partitions of a topic.",
  "--force": "Leave it out: this script never asks.",
};

const CONSUMER_GROUPS: Readonly<Record<string, string>> = {
  "--validate-regex":
    "There is no such check; `zoolog consume --group GROUP --pattern REGEX` takes one.",
  "--type": "`zoolog group list --type classic`, or consumer.",
};

const CONSOLE_CONSUMER: Readonly<Record<string, string>> = {
  "--include": "`zoolog consume --group GROUP --pattern REGEX`.",
  "--whitelist": "`zoolog consume --group GROUP --pattern REGEX`.",
  "--timeout-ms": "`zoolog consume TOPIC --exit` stops at the end of the log as it is now.",
  "--formatter": "`zoolog consume TOPIC --format '%k %s\\n'`, or -o json.",
  "--formatter-config": "`zoolog consume TOPIC --format '%k %s\\n'`, or -o json.",
  "--key-deserializer": AS_TEXT,
  "--value-deserializer": AS_TEXT,
  "--consumer.config": NO_CLIENT_FILE,
  "--enable-systest-events": "Leave it out: `zoolog consume TOPIC -o json` is for programs.",
  "--skip-message-on-error": "Leave it out: every record can be shown.",
};

const CONSOLE_PRODUCER: Readonly<Record<string, string>> = {
  "--producer.config": NO_CLIENT_FILE,
  "--line-reader": "`zoolog produce TOPIC --input lines`, ndjson or raw.",
  "--reader-config": "Name what it holds: --reader-property NAME=VALUE.",
  "--timeout": BY_TIMEOUT,
  "--request-timeout-ms": BY_TIMEOUT,
  "--message-send-max-retries": BY_TIMEOUT,
  "--retry-backoff-ms": NOT_TUNED,
  "--max-block-ms": BY_TIMEOUT,
  "--batch-size": NOT_TUNED,
  "--max-memory-bytes": NOT_TUNED,
  "--max-partition-memory-bytes": NOT_TUNED,
  "--metadata-expiry-ms": NOT_TUNED,
  "--socket-buffer-size": NOT_TUNED,
};

const CONFIGS: Readonly<Record<string, string>> = {
  "--add-config-file": "Name what it holds: --add-config NAME=VALUE,NAME=VALUE.",
  "--broker-logger": "`logger.level` is of a broker's file: docs/configuration.md.",
  "--user": NO_SUCH_ENTITY,
  "--user-defaults": NO_SUCH_ENTITY,
  "--client": NO_SUCH_ENTITY,
  "--client-defaults": NO_SUCH_ENTITY,
  "--client-metrics": NO_SUCH_ENTITY,
  "--group": NO_SUCH_ENTITY,
  "--ip": NO_SUCH_ENTITY,
  "--ip-defaults": NO_SUCH_ENTITY,
  "--force": "Leave it out: this script never asks.",
};

const BY_SCRIPT: ReadonlyMap<string, Readonly<Record<string, string>>> = new Map([
  ["topics.sh", TOPICS],
  ["consumer-groups.sh", CONSUMER_GROUPS],
  ["console-consumer.sh", CONSOLE_CONSUMER],
  ["console-producer.sh", CONSOLE_PRODUCER],
  ["configs.sh", CONFIGS],
]);

/** What to do instead of giving this flag to this script; `undefined` for a flag Kafka has not either. */
export function insteadOfFlag(script: string, flag: string): string | undefined {
  const flags = { ...EVERYWHERE, ...BY_SCRIPT.get(script) };
  return Object.hasOwn(flags, flag) ? flags[flag] : undefined;
}
