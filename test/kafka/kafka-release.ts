import { type MavenArtifact, resolveMavenClasspath } from "./maven-classpath.ts";

/** `3.9`: the last line with ZooKeeper. `4`: KRaft only. */
export type KafkaLine = "3.9" | "4";

/** Apache Kafka's jars, brokers and tools. */
export type KafkaRelease = {
  readonly line: KafkaLine;
  readonly version: string;
  readonly classpath: string;
};

/** The newest of each line of which Maven Central has brokers and tools. */
const VERSIONS: Readonly<Record<KafkaLine, string>> = { "3.9": "3.9.2", "4": "4.3.1" };
/** Of 4.x Maven Central lacks what the download has for logging. */
const LOGGING_OF_4: MavenArtifact = "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4";

export async function resolveKafkaRelease(
  line: KafkaLine,
): Promise<
  | { readonly kind: "resolved"; readonly release: KafkaRelease }
  | { readonly kind: "unavailable"; readonly reason: string }
> {
  const version = VERSIONS[line];
  const resolved = await resolveMavenClasspath([
    `org.apache.kafka:kafka_2.13:${version}`,
    `org.apache.kafka:kafka-tools:${version}`,
    ...(line === "4" ? [LOGGING_OF_4] : []),
  ]);
  if (resolved.kind === "unavailable") return resolved;
  return { kind: "resolved", release: { line, version, classpath: resolved.classpath } };
}
