import { errorsOf } from "./errors-of-response.ts";

test("errors are found in the whole and in its parts, each once", () => {
  const partition = (errorCode: string | undefined) => ({ errorCode, replicaNodes: [1, 2] });
  const response = {
    errorCode: "NOT_CONTROLLER",
    topics: [
      {
        errorCode: undefined,
        partitions: [partition(undefined), partition("KAFKA_STORAGE_ERROR")],
      },
      { errorCode: "INVALID_TOPIC_EXCEPTION", partitions: [partition("KAFKA_STORAGE_ERROR")] },
    ],
    leader: { errorCode: "NOT_LEADER_OR_FOLLOWER" },
  };

  expect([...errorsOf(response)].sort()).toEqual([
    "INVALID_TOPIC_EXCEPTION",
    "KAFKA_STORAGE_ERROR",
    "NOT_CONTROLLER",
    "NOT_LEADER_OR_FOLLOWER",
  ]);
});

test("neither messages, nor bytes, nor lists of names are taken for some", () => {
  const response = {
    errorCode: undefined,
    errorMessage: "errorCode",
    records: Buffer.from("errorCode"),
    topicNames: ["errorCode"],
    groups: [],
    topics: [{ errorCode: undefined, name: "NOT_CONTROLLER" }],
  };

  expect(errorsOf(response)).toEqual(new Set());
});
