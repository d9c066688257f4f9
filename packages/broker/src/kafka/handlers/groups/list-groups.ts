import type { GroupTypeName } from "@zoolog/protocol";
import type { KafkaHandler } from "../../request-dispatch.ts";
import { refusedWith } from "./group-errors.ts";
import type { GroupParts } from "./group-parts.ts";
import { KAFKA_STATES, stateNamed } from "./group-state-names.ts";

const TYPES: readonly GroupTypeName[] = ["classic", "consumer"];

/** The groups of this broker: Kafka's clients ask all brokers. */
export function listGroups({ api }: GroupParts): KafkaHandler<"ListGroups"> {
  return async ({ statesFilter, typesFilter }, context) => {
    const states = statesFilter.flatMap((name) => stateNamed(name) ?? []);
    const types = TYPES.filter((type) => typesFilter.some((name) => name.toLowerCase() === type));
    try {
      const { groups } = await api.groups["list-groups"](
        {
          // One of unknown names only lets nothing through.
          ...(statesFilter.length === 0 ? {} : { states }),
          ...(typesFilter.length === 0 ? {} : { types }),
        },
        context,
      );
      return {
        groups: groups.map(({ group, protocolType = "", state, type }) => ({
          groupId: group,
          protocolType,
          groupState: KAFKA_STATES[state],
          groupType: type,
        })),
      };
    } catch (error) {
      return { errorCode: refusedWith(error), groups: [] };
    }
  };
}
