import type { AlterConfigsRequest, KafkaRequest } from "@zoolog/protocol";
import type { BrokerApi, CallContext } from "../../../broker-api.ts";
import { orRefused, type Refusal, refusal, refusalOf } from "../../call-failure.ts";
import type { KafkaHandler } from "../../request-dispatch.ts";
import { alterResources } from "./alter-resources.ts";
import { notConfigurable, resourceNameOf, resourceTypeOf } from "./config-numbers.ts";

type Wanted = KafkaRequest<"AlterConfigs">["resources"][number];
type Change = AlterConfigsRequest["resources"][number]["changes"][number];

/**
 * Replaces what was set before: what is not named goes back to what holds without it. Somebody who
 * changes single settings meanwhile may be undone, which is why clients should (KIP-339).
 */
export function alterConfigs({ api }: { readonly api: BrokerApi }): KafkaHandler<"AlterConfigs"> {
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
    const wanted = await Promise.all(
      resources.map(async (resource) => {
        const { resourceType, resourceName } = resource;
        return { resourceType, resourceName, changes: await changesOf(resource, api, context) };
      }),
    );
    return { responses: await alterResources(wanted, { api, context, validateOnly }) };
  };
}

async function changesOf(
  { resourceType, resourceName, configs }: Wanted,
  api: BrokerApi,
  context: CallContext,
): Promise<readonly Change[] | Refusal> {
  const type = resourceTypeOf(resourceType);
  if (type === undefined) return notConfigurable(resourceType);
  const resources = [{ type, name: resourceNameOf(type, resourceName) }];
  const answer = await orRefused(api.admin["describe-configs"]({ resources }, context));
  if ("refused" in answer) return answer.refused;
  const [described] = answer.resources;
  if (described === undefined) return NOT_ANSWERED;
  if ("error" in described) return refusalOf(described.error);
  const own = type === "broker" && resourceName === "" ? "cluster" : type;
  const named = new Set(configs.map(({ name }) => name));
  const goes = described.configs.filter(
    ({ name, source, dynamic }) => dynamic && source === own && !named.has(name),
  );
  return [
    ...configs.map(({ name, value }): Change => {
      return { name, operation: "set", ...(value === undefined ? {} : { value }) };
    }),
    ...goes.map(({ name }): Change => ({ name, operation: "delete" })),
  ];
}

const NAMED_TWICE = refusal("INVALID_REQUEST", "each resource may be named once in a request");

const NOT_ANSWERED = refusal("UNKNOWN_SERVER_ERROR", "the broker said nothing of its settings");
