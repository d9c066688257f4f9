import type { ErrorCode, KafkaResponse } from "@zoolog/protocol";
import { noTransactions } from "../../errors.ts";
import type { RequestContext } from "../../request-context.ts";
import type { KafkaHandler } from "../../request-dispatch.ts";
import { askedGroups } from "./asked-groups.ts";
import { groupErrorOf } from "./group-errors.ts";
import type { GroupParts } from "./group-parts.ts";

type Coordinator = NonNullable<KafkaResponse<"FindCoordinator">["coordinators"]>[number];

/** The version from which several are asked for at once (KIP-699). */
const BATCHED_FROM = 4;

/** Key types; 2 is a share partition. */
const GROUP = 0;
const TRANSACTION = 1;

/**
 * Java clients ask in this version and newer ones, and show the message that comes with an error. In
 * older ones librdkafka asks: for ever, but after `TRANSACTIONAL_ID_AUTHORIZATION_FAILED`.
 */
const MESSAGE_SHOWN_FROM = 3;

/** Any broker answers, with addresses of the listener that the client came in by. */
export function findCoordinator({ api }: GroupParts): KafkaHandler<"FindCoordinator"> {
  return async ({ key, keyType, coordinatorKeys }, context) => {
    const isBatched = context.apiVersion >= BATCHED_FROM;
    const keys = isBatched ? askedGroups(coordinatorKeys) : [key];
    const coordinators =
      keyType === GROUP
        ? await coordinatorsOf(keys, context, api)
        : withoutCoordinator(keyType, context, keys);
    if (isBatched) return { coordinators };
    const [found] = coordinators;
    return { ...found };
  };
}

async function coordinatorsOf(
  keys: readonly string[],
  context: RequestContext,
  api: GroupParts["api"],
): Promise<readonly Coordinator[]> {
  const { groups } = await api.groups["find-coordinator"]({ groups: keys }, context);
  const reached = new Map(api.brokersAt(context.listener).map((one) => [one.brokerId, one]));
  return groups.map((found) => {
    if ("error" in found) {
      return refused(found.group, groupErrorOf(found.error.code), found.error.message);
    }
    const broker = reached.get(found.brokerId);
    if (broker === undefined) {
      const message = `broker ${found.brokerId} has no listener ${context.listener}`;
      return refused(found.group, "COORDINATOR_NOT_AVAILABLE", message);
    }
    const { host, port } = broker;
    return { key: found.group, nodeId: found.brokerId, host, port, errorMessage: undefined };
  });
}

/** No client asks again after these errors. */
function withoutCoordinator(
  keyType: number,
  context: RequestContext,
  keys: readonly string[],
): readonly Coordinator[] {
  if (keyType !== TRANSACTION) {
    return keys.map((key) => refused(key, "INVALID_REQUEST", "only groups have coordinators here"));
  }
  const fault = noTransactions();
  context.warn("transactional producer refused", fault);
  const code =
    context.apiVersion >= MESSAGE_SHOWN_FROM
      ? "INVALID_REQUEST"
      : "TRANSACTIONAL_ID_AUTHORIZATION_FAILED";
  return keys.map((key) => refused(key, code, `${fault.message}. ${fault.hint}`));
}

function refused(key: string, errorCode: ErrorCode, errorMessage: string): Coordinator {
  return { key, errorCode, errorMessage, host: "" };
}
