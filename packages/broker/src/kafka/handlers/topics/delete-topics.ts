import { type TopicId, topicNameFault } from "@zoolog/base";
import type { KafkaRequest, KafkaResponse } from "@zoolog/protocol";
import type { BrokerApi } from "../../../broker-api.ts";
import { NOT_ANSWERED, orRefused, type Refusal, refusal, refusalOf } from "../../call-failure.ts";
import type { KafkaHandler } from "../../request-dispatch.ts";
import { boundedTimeoutMs } from "../bounded-timeout.ts";
import { givenFields } from "../given-fields.ts";
import type { HandlerParts } from "../handler-parts.ts";

type Answer = KafkaResponse<"DeleteTopics">["responses"][number];

/** The version from which topics are named in a list of their own, by name or by id. */
const BY_ID_FROM = 6;

type Asked = { readonly name?: string | undefined; readonly topicId?: TopicId | undefined };
type Found = Asked & { readonly fault?: Refusal };

export function deleteTopics({ api }: HandlerParts): KafkaHandler<"DeleteTopics"> {
  return async (request, context) => {
    const asked = askedTopics(request, context.apiVersion);
    const wanted = withoutRepeated(asked.map((topic) => resolve(topic, api)));
    const topics = wanted.flatMap(({ name: topic, topicId, fault }) => {
      if (topic === undefined || fault !== undefined) return [];
      return [{ topic, ...givenFields({ topicId }) }];
    });
    const timeoutMs = boundedTimeoutMs(request.timeoutMs);
    const answer = await orRefused(api.deleteTopics({ timeoutMs, topics }, context));
    const results = new Map(
      "refused" in answer ? [] : answer.topics.map((result) => [result.topic, result]),
    );
    return {
      responses: wanted.map(({ name, topicId, fault }): Answer => {
        if (fault !== undefined) return { name, topicId, ...fault };
        if ("refused" in answer) return { name, topicId, ...answer.refused };
        const result = name === undefined ? undefined : results.get(name);
        if (result === undefined) return { name, topicId, ...NOT_ANSWERED };
        if ("error" in result) return { name, topicId, ...refusalOf(result.error) };
        return { name, topicId: result.topicId ?? topicId, errorMessage: undefined };
      }),
    };
  };
}

function askedTopics(
  { topics, topicNames }: KafkaRequest<"DeleteTopics">,
  apiVersion: number,
): readonly Asked[] {
  return apiVersion < BY_ID_FROM ? topicNames.map((name) => ({ name })) : topics;
}

function resolve({ name, topicId }: Asked, api: BrokerApi): Found {
  if (name !== undefined && topicId !== undefined) {
    const fault = refusal(
      "INVALID_REQUEST",
      "a topic is deleted by its name or by its id, not both",
    );
    return { name, topicId, fault };
  }
  if (name !== undefined) {
    const nameFault = topicNameFault(name);
    if (nameFault === undefined) return { name };
    return { name, fault: refusal("UNKNOWN_TOPIC_OR_PARTITION", nameFault) };
  }
  const known = topicId === undefined ? undefined : api.topicNameOf(topicId);
  if (known !== undefined) return { name: known, topicId };
  return { topicId, fault: refusal("UNKNOWN_TOPIC_ID", "there is no topic of this id") };
}

/** One that is named twice, by whichever of its names, is not deleted: that is no plan, but a mistake. */
function withoutRepeated(found: readonly Found[]): readonly Found[] {
  const times = new Map<string | undefined, number>();
  const sound = found.filter(({ fault }) => fault === undefined);
  for (const { name } of sound) times.set(name, (times.get(name) ?? 0) + 1);
  return found.map((topic) => {
    const { name, fault } = topic;
    if (fault !== undefined || times.get(name) === 1) return topic;
    const message = `topic ${name} is named twice in the request`;
    return { ...topic, fault: refusal("INVALID_REQUEST", message) };
  });
}
