import type { ErrorCode, KafkaResponse } from "@zoolog/protocol";
import type { RequestContext } from "../../request-context.ts";
import type { KafkaHandler } from "../../request-dispatch.ts";
import { askedGroups } from "./asked-groups.ts";
import { groupErrorOf } from "./group-errors.ts";
import type { GroupParts } from "./group-parts.ts";

type Coordinator = NonNullable<KafkaResponse<"FindCoordinator">["coordinators"]>[number];

/** The version from which several are asked for at once (KIP-699). */
const BATCHED_FROM = 4;

/** Key types: 1 is a transactional id, 2 a share partition. */
const GROUP = 0;

/** Any broker answers, with addresses of the listener that the client came in by. */
export function findCoordinator({ api }: GroupParts): KafkaHandler<"FindCoordinator"> {
  return async ({ key, keyType, coordinatorKeys }, context) => {
    const isBatched = context.apiVersion >= BATCHED_FROM;
    const keys = isBatched ? askedGroups(coordinatorKeys) : [key];
    const coordinators =
      keyType === GROUP ? await coordinatorsOf(keys, context, api) : keys.map(noSuchCoordinator);
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

function noSuchCoordinator(key: string): Coordinator {
  return refused(key, "INVALID_REQUEST", "only groups have coordinators here");
}

function refused(key: string, errorCode: ErrorCode, errorMessage: string): Coordinator {
  return { key, errorCode, errorMessage, host: "" };
}
