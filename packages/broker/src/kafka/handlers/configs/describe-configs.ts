import type { KafkaRequest, KafkaResponse } from "@zoolog/protocol";
import { NOT_ANSWERED, orRefused, refusalOf } from "../../call-failure.ts";
import type { KafkaHandler } from "../../request-dispatch.ts";
import type { HandlerParts } from "../handler-parts.ts";
import { type ConfigEntry, configFields } from "./config-entry.ts";
import {
  type ConfigResourceType,
  configTypeNumber,
  notConfigurable,
  resourceNameOf,
  resourceTypeOf,
  sourceNumber,
} from "./config-numbers.ts";

type Asked = KafkaRequest<"DescribeConfigs">["resources"][number];
type Answer = KafkaResponse<"DescribeConfigs">["results"][number];
type Wishes = Pick<KafkaRequest<"DescribeConfigs">, "includeSynonyms" | "includeDocumentation">;

/** Settings that we do not have are left out, as by brokers that are older than the client. */
export function describeConfigs({ api }: HandlerParts): KafkaHandler<"DescribeConfigs"> {
  return async (request, context) => {
    const asked = distinct(request.resources).map((resource) => {
      return { resource, type: resourceTypeOf(resource.resourceType) };
    });
    const resources = asked.flatMap(({ resource, type }) =>
      type === undefined ? [] : [{ type, name: resourceNameOf(type, resource.resourceName) }],
    );
    const answer = await orRefused(api.admin["describe-configs"]({ resources }, context));
    const described = new Map(
      ("refused" in answer ? [] : answer.resources).map((one) => [keyOf(one), one]),
    );
    return {
      results: asked.map(({ resource, type }): Answer => {
        const { resourceType, resourceName } = resource;
        const about = { resourceType, resourceName, configs: [] };
        if (type === undefined) return { ...about, ...notConfigurable(resourceType) };
        if ("refused" in answer) return { ...about, ...answer.refused };
        const found = described.get(keyOf({ type, name: resourceNameOf(type, resourceName) }));
        if (found === undefined) return { ...about, ...NOT_ANSWERED };
        if ("error" in found) return { ...about, ...refusalOf(found.error) };
        const configs = chosen(resource, found.configs).map((each) => configAnswer(each, request));
        return { ...about, errorMessage: undefined, configs };
      }),
    };
  };
}

/** The first of each: an answer is a thousand times longer than the name of what it is about. */
function distinct(resources: readonly Asked[]): readonly Asked[] {
  const named = new Map<string, Asked>();
  for (const resource of resources) {
    const { resourceType, resourceName } = resource;
    const type = resourceTypeOf(resourceType);
    const key = `${resourceType} ${type === undefined ? resourceName : resourceNameOf(type, resourceName)}`;
    if (!named.has(key)) named.set(key, resource);
  }
  return [...named.values()];
}

function keyOf({ type, name }: { readonly type: ConfigResourceType; readonly name: string }) {
  return `${type} ${name}`;
}

function chosen(
  { configurationKeys }: Asked,
  configs: readonly ConfigEntry[],
): readonly ConfigEntry[] {
  if (configurationKeys === undefined) return configs;
  const names = new Set(configurationKeys);
  return configs.filter(({ name }) => names.has(name));
}

function configAnswer(entry: ConfigEntry, wishes: Wishes): Answer["configs"][number] {
  const { synonyms, about, type } = entry;
  return {
    ...configFields(entry),
    synonyms: wishes.includeSynonyms
      ? synonyms.map((one) => ({ ...one, source: sourceNumber(one.source) }))
      : [],
    configType: configTypeNumber(type),
    documentation: wishes.includeDocumentation ? about : undefined,
  };
}
