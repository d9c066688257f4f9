import {
  brokerIdField,
  flag,
  leaderEpochField,
  object,
  optional,
  partitionIndex,
  type Static,
  text,
} from "./schema.ts";

const code = text({ maxLength: 100 }, { description: "Kafka's name of the error" });
const message = text({ maxLength: 10_000 }, { description: "What happened, for a person" });

/** The whole call failed: the body of every answer with a status of 400 or more. */
export const errorBody = object({
  error: object({
    code,
    message,
    retriable: flag({ description: "The same call may succeed later, unchanged" }),
    hint: optional(text({ maxLength: 10_000 }, { description: "What to do next" })),
  }),
});
export type ErrorBody = Static<typeof errorBody>;

/** One topic or partition of a call failed; the others stand. */
export const itemError = object({ code, message });
export type ItemError = Static<typeof itemError>;

/** Where to go instead, when the broker knows; saves a `metadata` call (KIP-951). */
export const currentLeader = object({
  brokerId: brokerIdField,
  leaderEpoch: leaderEpochField,
});

/** What is said of a partition whose part of the call failed; beside it stands what succeeded. */
export const partitionError = object({ partition: partitionIndex, error: itemError });

/** Likewise where only its leader answers. */
export const leaderErrorFields = {
  partition: partitionIndex,
  error: itemError,
  currentLeader: optional(currentLeader),
};
export const leaderError = object(leaderErrorFields);

/** Where success has nothing to say. */
export const partitionOutcome = object({ partition: partitionIndex, error: optional(itemError) });
