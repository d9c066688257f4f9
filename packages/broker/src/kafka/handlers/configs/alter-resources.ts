import type { AlterConfigsRequest, KafkaResponse } from "@zoolog/protocol";
import type { BrokerApi, CallContext } from "../../../broker-api.ts";
import { NOT_ANSWERED, orRefused, type Refusal, refusalOf } from "../../call-failure.ts";
import { passingFault } from "../passing-fault.ts";
import { notConfigurable, resourceNameOf, resourceTypeOf } from "./config-numbers.ts";

type NativeResource = AlterConfigsRequest["resources"][number];
type Outcome = KafkaResponse<"AlterConfigs">["responses"][number];

export type WantedAlteration = {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly changes: NativeResource["changes"] | Refusal;
};

/** Kafka's requests do not say how long they wait; this is within every client's patience. */
const ALTER_TIMEOUT_MS = 30_000;

/** Each resource as a whole or not at all. */
export async function alterResources(
  wanted: readonly WantedAlteration[],
  call: {
    readonly api: BrokerApi;
    readonly context: CallContext;
    readonly validateOnly: boolean;
  },
): Promise<Outcome[]> {
  const { api, context, validateOnly } = call;
  const asked = wanted.map((each) => ({ ...each, native: nativeResource(each) }));
  const resources = asked.flatMap(({ native }) => ("errorCode" in native ? [] : [native]));
  const request = { timeoutMs: ALTER_TIMEOUT_MS, validateOnly, resources };
  const answer = await orRefused(api.admin["alter-configs"](request, context));
  const results = ("refused" in answer ? [] : answer.resources)[Symbol.iterator]();
  return asked.map(({ resourceType, resourceName, native }): Outcome => {
    const about = { resourceType, resourceName };
    if ("errorCode" in native) return { ...about, ...native };
    if ("refused" in answer) return { ...about, ...answer.refused };
    const result = results.next().value;
    if (result === undefined) return { ...about, ...NOT_ANSWERED };
    if (result.error !== undefined) return { ...about, ...refusalOf(result.error) };
    return { ...about, errorMessage: undefined };
  });
}

function nativeResource(wanted: WantedAlteration): NativeResource | Refusal {
  const { resourceType, resourceName, changes } = wanted;
  const type = resourceTypeOf(resourceType);
  if (type === undefined) return notConfigurable(resourceType);
  if ("errorCode" in changes) return changes;
  const native = { type, name: resourceNameOf(type, resourceName), changes };
  const alone = { timeoutMs: 0, validateOnly: true, resources: [native] };
  return passingFault("alter-configs", alone, "INVALID_CONFIG") ?? native;
}
