import { itemError } from "../errors.ts";
import { brokerIdField, either, int32, list, object, type Static, text } from "../schema.ts";
import { groupIdField } from "./group-fields.ts";

/** Kafka's FindCoordinator (key 10) for groups. Any broker answers. */
export const findCoordinatorRequest = object({ groups: list(groupIdField) });
export type FindCoordinatorRequest = Static<typeof findCoordinatorRequest>;

export const findCoordinatorResponse = object({
  groups: list(
    either([
      object({ group: groupIdField, error: itemError }),
      object({
        group: groupIdField,
        brokerId: brokerIdField,
        host: text({ maxLength: 255 }),
        port: int32,
        url: text({ maxLength: 300 }, { description: "Of this plane, as http://host:port" }),
      }),
    ]),
  ),
});
export type FindCoordinatorResponse = Static<typeof findCoordinatorResponse>;
