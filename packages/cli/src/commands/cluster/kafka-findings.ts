/** Whom Kafka clients cannot reach. */
import type { TopicDescription } from "@zoolog/client";
import { plural } from "../../output/quantity.ts";
import { FIRST_LISTENER } from "../broker/kafka-address.ts";
import type { Finding } from "./finding.ts";
import { partitionsOf } from "./partition-findings.ts";

/** Of `ClusterFacts`, what this rule looks at. */
type KafkaFacts = {
  readonly brokers: readonly {
    readonly brokerId: number;
    readonly kafkaListeners?: readonly string[] | undefined;
    readonly unresolvedKafka?: readonly { readonly listener: string; readonly host: string }[];
  }[];
  readonly topics: readonly TopicDescription[];
};

/** Clients of a listener see the brokers that have it, and no others: one finding for each listener. */
export function withoutKafka({ brokers, topics }: KafkaFacts): Finding[] {
  const named = new Set(brokers.flatMap(({ kafkaListeners }) => kafkaListeners ?? []));
  return [...named].flatMap((listener) => {
    const without = brokers
      .filter(({ kafkaListeners }) => kafkaListeners?.includes(listener) === false)
      .map(({ brokerId }) => brokerId)
      .sort((a, b) => a - b);
    return without.length === 0 ? [] : [unreachable(listener, without, topics)];
  });
}

/**
 * Kafka clients are sent to the host that a broker advertises, whatever they began with. With several
 * listeners one may be for another network than this: that is only worth knowing.
 */
export function unresolvedKafkaHosts({ brokers }: Pick<KafkaFacts, "brokers">): Finding[] {
  return brokers.flatMap(({ brokerId, kafkaListeners = [], unresolvedKafka = [] }) =>
    unresolvedKafka.map(({ host, listener }): Finding => {
      const setting =
        listener === FIRST_LISTENER
          ? "kafka.advertised.host"
          : `the advertised host of ${listener} in kafka.listeners`;
      return {
        what: `broker ${brokerId} sends Kafka clients of listener ${listener} to ${host}, a name without an address here`,
        severity: unresolvedKafka.length < kafkaListeners.length ? "note" : "warning",
        why: "clients that cannot find it either connect to their bootstrap server and go no further",
        todo: `Set ${setting} to a name that clients resolve, and start broker ${brokerId} again; where clients do and only this machine does not, all is well.`,
      };
    }),
  );
}

function unreachable(
  listener: string,
  without: readonly number[],
  topics: readonly TopicDescription[],
): Finding {
  const isOne = without.length === 1;
  const [they, them, their] = isOne ? ["it", "it", "its"] : ["they", "them", "their"];
  const led = partitionsOf(topics).filter(
    ({ leader }) => leader !== undefined && without.includes(leader),
  ).length;
  const whose = `${they} ${isOne ? "leads" : "lead"}`;
  const partitions =
    led === 1
      ? `the partition that ${whose} has`
      : `${plural(led, "partition")} that ${whose} have`;
  const groups = `groups that ${they} ${isOne ? "coordinates" : "coordinate"}`;
  return {
    what: `${isOne ? "broker" : "brokers"} ${without.join(", ")} ${isOne ? "has" : "have"} no listener ${listener}, which other brokers have: Kafka clients cannot reach ${them}`,
    severity: "warning",
    why:
      led === 0
        ? `${groups} have no coordinator for those clients, and partitions will have no leader`
        : `${partitions} no leader for those clients, and ${groups} no coordinator`,
    todo:
      listener === FIRST_LISTENER
        ? `Start ${them} with kafka.enabled=true and a kafka.port.`
        : `Name ${listener} in ${their} kafka.listeners and start ${them} again.`,
  };
}
