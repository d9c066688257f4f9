import {
  claimsCodec,
  claimsTransaction,
  type ErrorCode,
  type KafkaRequest,
  type KafkaResponse,
  type ProduceResponse,
  type RecordError,
} from "@zoolog/protocol";
import { unansweredProduce } from "../../errors.ts";
import { kafkaErrorIn } from "../../kafka-error.ts";
import type { KafkaHandler } from "../../request-dispatch.ts";
import { boundedTimeoutMs } from "../bounded-timeout.ts";
import type { HandlerParts } from "../handler-parts.ts";
import { answersOf, type OfTopic, type Refused, refuseAll } from "../partition-answers.ts";

type Answer = KafkaResponse<"Produce">["responses"][number]["partitionResponses"][number];
type Produced = ProduceResponse["topics"][number]["partitions"][number];

/** The version of zstd (KIP-110): who does not speak it may not know what it has compressed with. */
const ZSTD_FROM = 7;

/** Failed disks (KIP-112). */
const STORAGE_ERROR = {
  code: "KAFKA_STORAGE_ERROR",
  from: 4,
  before: "NOT_LEADER_OR_FOLLOWER",
} as const;

const NO_RECORDS = Buffer.alloc(0);

/**
 * Appends a batch to each partition. Who asks for no acknowledgement gets no answer; what goes wrong
 * is told by the end of the connection, upon which clients look for the leaders again. So such a
 * batch, too, is waited for until the leader has it, as in Kafka.
 */
export function produce({ api }: HandlerParts): KafkaHandler<"Produce"> {
  return async (request, context) => {
    const { acks, timeoutMs } = request;
    const { apiVersion } = context;
    const asked = askedOf(request);
    const refusal = refusalOfCall(request, apiVersion);
    const answers =
      refusal === undefined
        ? await answersOf(asked, (topics) =>
            api.produce(
              {
                requiredAcks: acks === -1 ? "all" : "leader",
                timeoutMs: boundedTimeoutMs(timeoutMs),
                topics,
              },
              context,
            ),
          )
        : refuseAll(asked, refusal);
    if (acks === 0) {
      requireAppended(answers);
      return undefined;
    }
    return {
      responses: answers.map(({ topic, partitions }) => ({
        name: topic,
        partitionResponses: partitions.map((produced) => answerOf(produced, apiVersion)),
      })),
    };
  };
}

/** The records stay where they are, in the frame. */
function askedOf({ topicData }: KafkaRequest<"Produce">) {
  return topicData.map(({ name: topic, partitionData }) => ({
    topic,
    partitions: partitionData.map(({ index: partition, records }) => ({
      partition,
      records: records ?? NO_RECORDS,
    })),
  }));
}

/** Why nothing of the request may be appended, by how it was sent. */
function refusalOfCall(
  { acks, transactionalId, topicData }: KafkaRequest<"Produce">,
  apiVersion: number,
): ErrorCode | undefined {
  if (acks !== -1 && acks !== 0 && acks !== 1) return "INVALID_REQUIRED_ACKS";
  for (const { partitionData } of topicData) {
    for (const { records = NO_RECORDS } of partitionData) {
      if (transactionalId === undefined && claimsTransaction(records)) {
        return "TRANSACTIONAL_ID_AUTHORIZATION_FAILED";
      }
      if (apiVersion < ZSTD_FROM && claimsCodec(records, "zstd")) {
        return "UNSUPPORTED_COMPRESSION_TYPE";
      }
    }
  }
  return undefined;
}

function answerOf(produced: Produced | Refused, apiVersion: number): Answer {
  if ("error" in produced) {
    const { partition: index, error } = produced;
    const errorCode = kafkaErrorIn(apiVersion, error.code, STORAGE_ERROR);
    const recordErrors = "recordErrors" in produced ? produced.recordErrors : undefined;
    return {
      index,
      errorCode,
      errorMessage: error.message,
      ...(recordErrors && { recordErrors: recordErrors.map(recordErrorOf) }),
    };
  }
  const { partition: index, baseOffset, logAppendTime, logStartOffset } = produced;
  return { index, baseOffset, logAppendTimeMs: logAppendTime, logStartOffset };
}

function recordErrorOf({ batchIndex, message }: RecordError) {
  return { batchIndex, batchIndexErrorMessage: message };
}

/** @throws ZoologError the first refusal: nobody waits for an answer that could tell it. */
function requireAppended(answers: readonly OfTopic<Produced | Refused>[]): void {
  for (const { topic, partitions } of answers) {
    for (const produced of partitions) {
      if ("error" in produced) throw unansweredProduce(topic, produced);
    }
  }
}
