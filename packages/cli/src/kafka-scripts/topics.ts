import { usageError } from "../usage-error.ts";
import { type FlagTable, KafkaFlags } from "./kafka-flags.ts";

const SCRIPT = "topics.sh";
const ACTIONS = ["--create", "--list", "--describe", "--alter", "--delete"] as const;
export const TOPICS_FLAGS: FlagTable = {
  ...{ "--bootstrap-server": "value", "--topic": "value" },
  ...{ "--create": "switch", "--list": "switch", "--describe": "switch" },
  ...{ "--alter": "switch", "--delete": "switch" },
  ...{ "--partitions": "value", "--replication-factor": "value", "--config": "value" },
  ...{ "--if-not-exists": "switch", "--if-exists": "switch", "--exclude-internal": "switch" },
};

/** kafka-topics.sh. @throws ZoologError `USAGE` */
export function topicsCommands(words: readonly string[]): string[][] {
  const flags = KafkaFlags.read(SCRIPT, words, TOPICS_FLAGS);
  const action = flags.action(ACTIONS);
  const global = flags.globalWords();
  const partitions = flags.one("--partitions");
  switch (action) {
    case "--create": {
      const replicas = flags.one("--replication-factor");
      return [
        [
          ...["topic", "create", flags.required("--topic")],
          ...(partitions === undefined ? [] : ["--partitions", partitions]),
          ...(replicas === undefined ? [] : ["--replication-factor", replicas]),
          ...flags.all("--config").flatMap((setting) => ["--config", setting]),
          ...(flags.has("--if-not-exists") ? ["--if-not-exists"] : []),
          ...global,
        ],
      ];
    }
    case "--list": {
      const internal = flags.has("--exclude-internal") ? [] : ["--internal"];
      return [["topic", "list", ...internal, "-o", "name", ...global]];
    }
    case "--describe": {
      const topic = flags.one("--topic");
      if (topic === undefined) return [["topic", "list", ...global]];
      return [["topic", "describe", topic, ...global]];
    }
    case "--alter": {
      const topic = flags.required("--topic");
      if (partitions !== undefined) {
        return [["topic", "partitions", "add", topic, "--total", partitions, "--yes", ...global]];
      }
      throw usageError(
        `${SCRIPT} --alter changes --partitions and nothing else`,
        "Settings: configs.sh --alter --entity-type topics --entity-name TOPIC --add-config NAME=VALUE.",
      );
    }
    case "--delete": {
      const ifExists = flags.has("--if-exists") ? ["--if-exists"] : [];
      return [["topic", "delete", flags.required("--topic"), "--yes", ...ifExists, ...global]];
    }
  }
}
