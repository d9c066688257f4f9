import type { AlterConfigsRequest, KafkaRequest } from "@zoolog/protocol";
import { type Refusal, refusal } from "../../call-failure.ts";
import type { KafkaHandler } from "../../request-dispatch.ts";
import type { HandlerParts } from "../handler-parts.ts";
import { alterResources } from "./alter-resources.ts";

type Wanted = KafkaRequest<"IncrementalAlterConfigs">["resources"][number];
type Change = AlterConfigsRequest["resources"][number]["changes"][number];

/** Kafka's numbers of operations (KIP-339), by their place. */
const OPERATIONS = ["set", "delete", "append", "subtract"] as const;

export function incrementalAlterConfigs({
  api,
}: HandlerParts): KafkaHandler<"IncrementalAlterConfigs"> {
  return async ({ resources, validateOnly }, context) => {
    const wanted = resources.map((resource) => {
      const { resourceType, resourceName } = resource;
      return { resourceType, resourceName, changes: changesOf(resource) };
    });
    return { responses: await alterResources(wanted, { api, context, validateOnly }) };
  };
}

function changesOf({ configs }: Wanted): readonly Change[] | Refusal {
  const changes: Change[] = [];
  for (const { name, configOperation, value } of configs) {
    const operation = OPERATIONS[configOperation];
    if (operation === undefined) {
      return refusal("INVALID_REQUEST", `there is no operation ${configOperation} on "${name}"`);
    }
    changes.push({ name, operation, ...(value === undefined ? {} : { value }) });
  }
  return changes;
}
