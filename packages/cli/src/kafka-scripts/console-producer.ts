import { usageError } from "../usage-error.ts";
import { type FlagTable, KafkaFlags } from "./kafka-flags.ts";
import { propertiesOf } from "./properties.ts";

const SCRIPT = "console-producer.sh";
export const CONSOLE_PRODUCER_FLAGS: FlagTable = {
  ...{ "--bootstrap-server": "value", "--broker-list": "value", "--topic": "value" },
  ...{ "--property": "value", "--reader-property": "value" },
  ...{ "--compression-codec": "value", "--request-required-acks": "value" },
  ...{ "--producer-property": "value", "--command-property": "value", "--sync": "switch" },
};
const READER_PROPERTIES = ["parse.key", "key.separator"] as const;
const PRODUCER_PROPERTIES = ["acks", "compression.type", "enable.idempotence"] as const;
const TAB = "\t";

/** kafka-console-producer.sh. @throws ZoologError `USAGE` */
export function consoleProducerCommands(words: readonly string[]): string[][] {
  const flags = KafkaFlags.read(SCRIPT, words, CONSOLE_PRODUCER_FLAGS);
  const reader = propertiesOf(
    SCRIPT,
    [...flags.all("--property"), ...flags.all("--reader-property")],
    READER_PROPERTIES,
  );
  const producer = propertiesOf(
    SCRIPT,
    [...flags.all("--producer-property"), ...flags.all("--command-property")],
    PRODUCER_PROPERTIES,
  );
  const codec = flags.one("--compression-codec") ?? producer["compression.type"];
  const acks = flags.one("--request-required-acks") ?? producer.acks;
  if (reader["key.separator"] !== undefined && reader["parse.key"] !== "true") {
    throw usageError(
      "key.separator is of no use without parse.key",
      "Add --property parse.key=true.",
    );
  }
  const keys = reader["parse.key"] === "true" ? ["-K", reader["key.separator"] ?? TAB] : [];
  return [
    [
      ...["produce", flags.required("--topic")],
      ...keys,
      ...(codec === undefined ? [] : ["--compression", codec]),
      ...(acks === undefined ? [] : [`--acks=${acks}`]),
      ...(producer["enable.idempotence"] === "false" ? ["--no-idempotence"] : []),
      ...flags.globalWords(),
    ],
  ];
}
