import { type BrokerId, topicNameFault } from "@zoolog/base";
import type {
  CreateTopicsRequest,
  CreateTopicsResponse,
  KafkaRequest,
  KafkaResponse,
} from "@zoolog/protocol";
import type { BrokerApi, CallContext } from "../../../broker-api.ts";
import { NOT_ANSWERED, orRefused, type Refusal, refusal, refusalOf } from "../../call-failure.ts";
import type { KafkaHandler } from "../../request-dispatch.ts";
import { boundedTimeoutMs } from "../bounded-timeout.ts";
import { configFields } from "../configs/config-entry.ts";
import { givenFields } from "../given-fields.ts";
import type { HandlerParts } from "../handler-parts.ts";
import { passingFault } from "../passing-fault.ts";
import { brokerIdFault } from "./broker-id-fault.ts";

type Wanted = KafkaRequest<"CreateTopics">["topics"][number];
type Answer = KafkaResponse<"CreateTopics">["topics"][number];
type Created = Exclude<CreateTopicsResponse["topics"][number], { readonly error: unknown }>;
type CreatedConfigs = NonNullable<Answer["configs"]>;

/** What is left open is decided by the broker's settings, or by the assignments. */
export function createTopics({ api }: HandlerParts): KafkaHandler<"CreateTopics"> {
  return async ({ topics, timeoutMs, validateOnly }, context) => {
    const times = new Map<string, number>();
    for (const { name } of topics) times.set(name, (times.get(name) ?? 0) + 1);
    const faults = topics.map((wanted) => faultOf(wanted, times.get(wanted.name) === 1));
    const sound = topics.filter((_, index) => faults[index] === undefined);
    const request = {
      ...{ timeoutMs: boundedTimeoutMs(timeoutMs), validateOnly },
      topics: sound.map(nativeTopic),
    };
    const found = await orRefused(api.createTopics(request, context));
    const results = new Map(
      "refused" in found ? [] : found.topics.map((result) => [result.topic, result]),
    );
    const created = [...results.values()].flatMap((each) => ("error" in each ? [] : [each]));
    const configs = await createdConfigs(created, api, context);
    return {
      topics: topics.map(({ name }, index): Answer => {
        const fault = faults[index];
        if (fault !== undefined) return { name, ...fault };
        if ("refused" in found) return { name, ...found.refused };
        const result = results.get(name);
        if (result === undefined) return { name, ...NOT_ANSWERED };
        if ("error" in result) return { name, ...refusalOf(result.error) };
        const { topicId, numPartitions, replicationFactor } = result;
        return {
          ...{ name, topicId, numPartitions, replicationFactor, errorMessage: undefined },
          configs: configs.get(name) ?? [],
        };
      }),
    };
  };
}

function faultOf(wanted: Wanted, isOnlyOne: boolean): Refusal | undefined {
  const { name, assignments, numPartitions, replicationFactor, configs } = wanted;
  const nameFault = topicNameFault(name);
  if (nameFault !== undefined) return refusal("INVALID_TOPIC_EXCEPTION", nameFault);
  if (!isOnlyOne) return refusal("INVALID_REQUEST", `topic ${name} is named twice in the request`);
  const bare = configs.find(({ value }) => value === undefined);
  if (bare !== undefined) return refusal("INVALID_CONFIG", `setting "${bare.name}" has no value`);
  const configFault = passingFault("create-topics", settingsOf(wanted), "INVALID_CONFIG");
  if (configFault !== undefined) return configFault;
  if (numPartitions !== undefined && numPartitions <= 0) {
    return refusal("INVALID_PARTITIONS", `a topic has at least 1 partition, not ${numPartitions}`);
  }
  if (replicationFactor !== undefined && replicationFactor <= 0) {
    const message = `the replication factor is at least 1, not ${replicationFactor}`;
    return refusal("INVALID_REPLICATION_FACTOR", message);
  }
  if (assignments.length === 0) return undefined;
  if (numPartitions !== undefined || replicationFactor !== undefined) {
    const message = "where replicas are assigned, partitions and replication factor must be -1";
    return refusal("INVALID_REQUEST", message);
  }
  const assignmentFault = brokerIdFault(assignments);
  if (assignmentFault !== undefined) return assignmentFault;
  const indexes = new Set(assignments.map(({ partitionIndex }) => partitionIndex));
  if (assignments.every((_, index) => indexes.has(index))) return undefined;
  return refusal("INVALID_REPLICA_ASSIGNMENT", "partitions are assigned from 0 on, each once");
}

function nativeTopic(wanted: Wanted): CreateTopicsRequest["topics"][number] {
  const { name: topic, numPartitions, replicationFactor, assignments } = wanted;
  const configs = configsOf(wanted.configs);
  if (assignments.length === 0) {
    return { topic, configs, ...givenFields({ numPartitions, replicationFactor }) };
  }
  const inOrder = assignments.toSorted((a, b) => a.partitionIndex - b.partitionIndex);
  const replicas = inOrder.map(({ brokerIds }) => brokerIds as readonly BrokerId[]);
  return { topic, configs, assignments: replicas };
}

function settingsOf({ name: topic, configs }: Wanted): CreateTopicsRequest {
  return { timeoutMs: 0, validateOnly: true, topics: [{ topic, configs: configsOf(configs) }] };
}

function configsOf(configs: Wanted["configs"]): Readonly<Record<string, string>> {
  return Object.fromEntries(configs.map(({ name, value = "" }) => [name, value]));
}

/** The settings of what was created (KIP-525); none where nothing was, as it was only to be checked. */
async function createdConfigs(
  created: readonly Created[],
  api: BrokerApi,
  context: CallContext,
): Promise<ReadonlyMap<string, CreatedConfigs>> {
  const there = created.filter(({ topicId }) => topicId !== undefined);
  if (there.length === 0) return new Map();
  const resources = there.map(({ topic: name }) => ({ type: "topic" as const, name }));
  const described = await orRefused(api.admin["describe-configs"]({ resources }, context));
  if ("refused" in described) return new Map();
  return new Map(
    described.resources.map((resource): [string, CreatedConfigs] => {
      const configs = "error" in resource ? [] : resource.configs;
      return [resource.name, configs.map(configFields)];
    }),
  );
}
