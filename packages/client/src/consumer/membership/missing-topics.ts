import { errorCode, type Logger } from "@zoolog/base";
import type { CallLimits } from "../../cluster/call-attempts.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { subscribedTopicMissing } from "../../groups/errors.ts";

/**
 * A topic that does not exist is waited for: it may be created later. Whoever misspelt its name is
 * told once.
 */
export async function tellOfMissingTopics(
  subscribed: { readonly group: string; readonly names: readonly string[] },
  dependencies: {
    readonly cluster: Cluster;
    readonly logger: Logger;
    readonly onError: (error: unknown) => void;
  },
  limits: CallLimits,
): Promise<void> {
  const { group, names } = subscribed;
  const { cluster, logger, onError } = dependencies;
  const look = async (topic: string): Promise<void> => {
    try {
      await cluster.topic(topic, limits);
    } catch (error) {
      // What else goes wrong shows where it matters.
      if (errorCode(error) !== "UNKNOWN_TOPIC_OR_PARTITION") return;
      const missing = subscribedTopicMissing(group, topic);
      logger.warn("subscribed topic does not exist", { topic, group, hint: missing.hint });
      onError(missing);
    }
  };
  await Promise.all(names.map(look));
}
