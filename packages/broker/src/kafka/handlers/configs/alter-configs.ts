import type { AlterConfigsRequest, DescribeConfigsResponse, KafkaRequest } from "@zoolog/protocol";
import type { CallContext } from "../../../broker-api.ts";
import { NOT_ANSWERED, orRefused, type Refusal, refusal, refusalOf } from "../../call-failure.ts";
import type { KafkaHandler } from "../../request-dispatch.ts";
import { givenFields } from "../given-fields.ts";
import type { HandlerParts } from "../handler-parts.ts";
import { alterResources } from "./alter-resources.ts";
import {
  type ConfigResourceType,
  notConfigurable,
  resourceNameOf,
  resourceTypeOf,
} from "./config-numbers.ts";

type Wanted = KafkaRequest<"AlterConfigs">["resources"][number];
type DescribedResource = DescribeConfigsResponse["resources"][number];
type Change = AlterConfigsRequest["resources"][number]["changes"][number];

/**
 * Replaces what was set before: what is not named goes back to what holds without it. Somebody who
 * changes single settings meanwhile may be undone, which is why clients should (KIP-339).
 */
export function alterConfigs({ api }: HandlerParts): KafkaHandler<"AlterConfigs"> {
  return async ({ resources, validateOnly }, context) => {
    const named = new Set(
      resources.map(({ resourceType, resourceName }) => `${resourceType} ${resourceName}`),
    );
    if (named.size < resources.length) {
      // The second would take away what the first has set.
      return {
        responses: resources.map(({ resourceType, resourceName }) => {
          return { resourceType, resourceName, ...NAMED_TWICE };
        }),
      };
    }
    const described = await describedOf(resources, api, context);
    const wanted = resources.map((resource) => {
      const { resourceType, resourceName } = resource;
      return { resourceType, resourceName, changes: changesOf(resource, described) };
    });
    return { responses: await alterResources(wanted, { api, context, validateOnly }) };
  };
}

type Described = (type: ConfigResourceType, name: string) => DescribedResource | undefined;

/** What is set now, of all of them at once. */
async function describedOf(
  wanted: readonly Wanted[],
  api: HandlerParts["api"],
  context: CallContext,
): Promise<Described | Refusal> {
  const resources = wanted.flatMap(({ resourceType, resourceName }) => {
    const type = resourceTypeOf(resourceType);
    return type === undefined ? [] : [{ type, name: resourceNameOf(type, resourceName) }];
  });
  const answer = await orRefused(api.admin["describe-configs"]({ resources }, context));
  if ("refused" in answer) return answer.refused;
  const byKey = new Map(answer.resources.map((one) => [`${one.type} ${one.name}`, one]));
  return (type, name) => byKey.get(`${type} ${name}`);
}

function changesOf(
  { resourceType, resourceName, configs }: Wanted,
  describedBy: Described | Refusal,
): readonly Change[] | Refusal {
  const type = resourceTypeOf(resourceType);
  if (type === undefined) return notConfigurable(resourceType);
  if (typeof describedBy !== "function") return describedBy;
  const described = describedBy(type, resourceNameOf(type, resourceName));
  if (described === undefined) return NOT_ANSWERED;
  if ("error" in described) return refusalOf(described.error);
  const own = type === "broker" && resourceName === "" ? "cluster" : type;
  const named = new Set(configs.map(({ name }) => name));
  const goes = described.configs.filter(
    ({ name, source, dynamic }) => dynamic && source === own && !named.has(name),
  );
  return [
    ...configs.map(({ name, value }): Change => {
      return { name, operation: "set", ...givenFields({ value }) };
    }),
    ...goes.map(({ name }): Change => ({ name, operation: "delete" })),
  ];
}

const NAMED_TWICE = refusal("INVALID_REQUEST", "each resource may be named once in a request");
