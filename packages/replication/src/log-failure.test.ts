import { ZoologError } from "@zoolog/base";
import { judgeLogFailure } from "./log-failure.ts";

const failed = (code: string) => judgeLogFailure(new ZoologError({ code, message: "no" }));

test.each([
  "KAFKA_STORAGE_ERROR",
  "CORRUPT_FILE",
  "CORRUPT_MESSAGE",
  "INCONSISTENT_TOPIC_ID",
  "PARTITION_FOLDER_MISSING",
  "RECORDS_MISSING",
  "ROLLBACK_FAILED",
  "UNEXPECTED_APPEND_OFFSET",
])("%s means that the log is broken: the replica ends here", (code) => {
  expect(failed(code)).toEqual({
    failure: expect.objectContaining({ code: "KAFKA_STORAGE_ERROR", message: "no" }),
  });
});

test.each([
  ["RECORD_LIST_TOO_LARGE", "RECORD_LIST_TOO_LARGE"],
  ["FENCED_LEADER_EPOCH", "FENCED_LEADER_EPOCH"],
  ["OUT_OF_ORDER_SEQUENCE_NUMBER", "OUT_OF_ORDER_SEQUENCE_NUMBER"],
  ["DUPLICATE_SEQUENCE_NUMBER", "DUPLICATE_SEQUENCE_NUMBER"],
  ["INVALID_PRODUCER_EPOCH", "INVALID_PRODUCER_EPOCH"],
  ["UNKNOWN_PRODUCER_ID", "UNKNOWN_PRODUCER_ID"],
  ["QUEUE_FULL", "THROTTLING_QUOTA_EXCEEDED"],
  ["DISK_FULL", "KAFKA_STORAGE_ERROR"],
  ["TOO_MANY_OPEN_FILES", "KAFKA_STORAGE_ERROR"],
  ["LOG_CLOSED", "NOT_LEADER_OR_FOLLOWER"],
  ["A_REFUSAL_THAT_IS_NEW", "UNKNOWN_SERVER_ERROR"],
])("%s refuses this one call, as %s", (code, error) => {
  expect(failed(code)).toEqual({ refusal: { error, message: "no" } });
});

test("what has no name of ours takes the replica offline", () => {
  const judged = judgeLogFailure(new TypeError("undefined is no function"));

  expect(judged).toEqual({
    failure: expect.objectContaining({ code: "KAFKA_STORAGE_ERROR" }),
  });
});
