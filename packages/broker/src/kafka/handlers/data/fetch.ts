import type { LeaderEpoch, Offset } from "@zoolog/base";
import {
  BatchCursor,
  claimsCodec,
  type ErrorCode,
  FETCH_BYTES_MAX,
  type KafkaRequest,
  type KafkaResponse,
} from "@zoolog/protocol";
import type { BrokerApi, FetchResultPartition } from "../../../broker-api.ts";
import { kafkaErrorIn } from "../../kafka-error.ts";
import type { RequestContext } from "../../request-context.ts";
import type { KafkaHandler } from "../../request-dispatch.ts";
import type { HandlerParts } from "../handler-parts.ts";
import { answersOf, type OfTopic, type Refused } from "../partition-answers.ts";
import { type IsolationLevel, isolationOf } from "./isolation-level.ts";

type Request = KafkaRequest<"Fetch">;
type AskedTopic = Request["topics"][number];
type Answer = KafkaResponse<"Fetch">["responses"][number]["partitions"][number];

/** The version that names topics by their ids (KIP-516). */
const IDS_FROM = 13;

/** The version of zstd (KIP-110); consumers before it cannot read what is compressed so. */
const ZSTD_FROM = 10;

/** Failed disks (KIP-112). */
const STORAGE_ERROR = {
  code: "KAFKA_STORAGE_ERROR",
  from: 6,
  before: "NOT_LEADER_OR_FOLLOWER",
} as const;

/** Of sessions: −1 ends one and 0 begins one; both name every partition that is wanted. */
const WHOLE_REQUEST_EPOCHS = [0, -1];

const NO_RECORDS = Buffer.alloc(0);

/**
 * Batches from an offset on, in the buffers that the log was read into. A request for a session is
 * answered without one (id 0), which every client takes for "name all partitions again".
 *
 * Who says that it is a replica is a consumer like any other: brokers of ours ask elsewhere, and
 * nobody else gets to see what is not committed (CVE-2018-1288).
 */
export function fetch({ api }: HandlerParts): KafkaHandler<"Fetch"> {
  return async (request, context) => {
    if (!WHOLE_REQUEST_EPOCHS.includes(request.sessionEpoch)) {
      return { errorCode: "FETCH_SESSION_ID_NOT_FOUND", responses: [] };
    }
    const { apiVersion } = context;
    const asked = request.topics.map((topic) => askedOf(topic, apiVersion, api));
    context.catchUpWaits.asked(asked);
    const limits = limitsOf(request, waitOf(request, context), context);
    const isolation = isolationOf(request);
    const rack = request.rackId;
    if (limits.maxWaitMs > 0) context.markWaiting();
    const memory = context.answerMemory(limits);
    const answers = await answersOf(asked, (topics) => {
      // Where something is refused there is no waiting for records of others.
      const maxWaitMs = topics === asked ? limits.maxWaitMs : 0;
      const wanted = { ...limits, maxWaitMs, isolation, topics } as const;
      return api.fetch(rack === undefined ? wanted : { ...wanted, rack }, context, memory);
    });
    context.catchUpWaits.sent(answers.map(withRecords));
    return {
      responses: answers.map(({ partitions }, i) => ({
        topic: request.topics[i]?.topic,
        topicId: request.topics[i]?.topicId,
        partitions: partitions.map((fetched) => answerOf(fetched, { apiVersion, isolation })),
      })),
    };
  };
}

/** Beyond every limit of a client is one of ours; a request for nothing still gets one batch. */
function limitsOf(request: Request, waitMs: number, context: RequestContext) {
  return {
    maxWaitMs: waitMs,
    minBytes: Math.max(0, request.minBytes),
    maxBytes: Math.min(Math.max(1, request.maxBytes), FETCH_BYTES_MAX, context.answerBytesMax),
  };
}

/** Who wants many bytes at a time gets the time that he gives them. */
function waitOf({ minBytes, maxWaitMs }: Request, { catchUpWaits }: RequestContext): number {
  return minBytes > 1 ? Math.max(0, maxWaitMs) : catchUpWaits.waitMs(Math.max(0, maxWaitMs));
}

function withRecords({ topic, partitions }: OfTopic<FetchResultPartition | Refused>) {
  return {
    topic,
    partitions: partitions.filter((fetched) => "records" in fetched && fetched.records.length > 0),
  };
}

function askedOf({ topic, topicId, partitions }: AskedTopic, apiVersion: number, api: BrokerApi) {
  const name = apiVersion < IDS_FROM ? topic : topicId && api.topicNameOf(topicId);
  const refusal: ErrorCode | undefined = name === undefined ? "UNKNOWN_TOPIC_ID" : undefined;
  return {
    topic: name ?? "",
    ...(topicId === undefined ? {} : { topicId }),
    partitions: partitions.map((wanted) => ({
      partition: wanted.partition,
      refusal,
      // Negative ones are before every log and epoch: out of range, and fenced.
      fetchOffset: wanted.fetchOffset as Offset,
      partitionMaxBytes: Math.min(Math.max(0, wanted.partitionMaxBytes), FETCH_BYTES_MAX),
      ...epochsOf(wanted),
    })),
  };
}

function epochsOf({ currentLeaderEpoch, lastFetchedEpoch }: AskedTopic["partitions"][number]) {
  if (currentLeaderEpoch === undefined && lastFetchedEpoch === undefined) return {};
  return {
    ...(currentLeaderEpoch !== undefined && {
      currentLeaderEpoch: currentLeaderEpoch as LeaderEpoch,
    }),
    ...(lastFetchedEpoch !== undefined && { lastFetchedEpoch: lastFetchedEpoch as LeaderEpoch }),
  };
}

type Shape = {
  readonly apiVersion: number;
  readonly isolation: IsolationLevel;
};

function answerOf(
  fetched: FetchResultPartition | Refused,
  { apiVersion, isolation }: Shape,
): Answer {
  if ("error" in fetched) return refusalOf(fetched, apiVersion);
  const { partition: partitionIndex, records, divergingEpoch } = fetched;
  if (apiVersion < ZSTD_FROM && records.some(holdsZstd)) {
    const error = { code: "UNSUPPORTED_COMPRESSION_TYPE", message: "" };
    return refusalOf({ partition: partitionIndex, error }, apiVersion);
  }
  return {
    partitionIndex,
    highWatermark: fetched.highWatermark,
    lastStableOffset: fetched.lastStableOffset,
    logStartOffset: fetched.logStartOffset,
    divergingEpoch: divergingEpoch && {
      epoch: divergingEpoch.leaderEpoch,
      endOffset: divergingEpoch.endOffset,
    },
    abortedTransactions:
      isolation === "readCommitted" ? (fetched.abortedTransactions ?? []) : undefined,
    preferredReadReplica: fetched.preferredReadReplica,
    records,
  };
}

type Refusal = Refused &
  Pick<Extract<FetchResultPartition, { readonly error: unknown }>, "currentLeader">;

function refusalOf({ partition, error, currentLeader }: Refusal, apiVersion: number): Answer {
  return {
    partitionIndex: partition,
    errorCode: kafkaErrorIn(apiVersion, error.code, STORAGE_ERROR),
    currentLeader: currentLeader && {
      leaderId: currentLeader.brokerId,
      leaderEpoch: currentLeader.leaderEpoch,
    },
    records: NO_RECORDS,
  };
}

/** Looks at the headers of batches; only for consumers of years ago. */
function holdsZstd(batches: Buffer): boolean {
  const cursor = new BatchCursor();
  for (let at = 0; cursor.look(batches, at) === "whole"; at += cursor.sizeInBytes) {
    if (claimsCodec(batches.subarray(at), "zstd")) return true;
  }
  return false;
}
