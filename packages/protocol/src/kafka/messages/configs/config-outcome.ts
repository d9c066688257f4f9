import { error, int8, string, struct } from "../../schema/message-schema.ts";

/** What became of the settings of one topic or broker. */
export const configOutcome = struct({
  errorCode: error(),
  errorMessage: string({ nullFrom: 0 }),
  resourceType: int8(),
  resourceName: string(),
});
