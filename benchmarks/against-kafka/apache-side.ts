import { ApacheKafka } from "../../test/kafka/apache-kafka.ts";
import type { KafkaRelease } from "../../test/kafka/kafka-release.ts";
import type { RunningSide, Side } from "./side.ts";

/** Apache Kafka with the settings of its download. */
export function apacheSide(release: KafkaRelease): Side {
  return {
    id: release.line,
    name: `Kafka ${release.version}`,
    start: async (brokers) => runningSide(await ApacheKafka.start({ release, brokers })),
    startTimed: async () => {
      const kafka = await ApacheKafka.prepare({ release, brokers: 1 });
      const start = performance.now();
      kafka.startBroker(1);
      await kafka.untilServing(1);
      return { side: runningSide(kafka), readyMs: performance.now() - start };
    },
  };
}

function runningSide(kafka: ApacheKafka): RunningSide {
  return {
    bootstrap: kafka.bootstrap,
    pids: kafka.ids.map((id) => kafka.pid(id)),
    kill: (id) => kafka.kill(id),
    close: () => kafka.close(),
  };
}
