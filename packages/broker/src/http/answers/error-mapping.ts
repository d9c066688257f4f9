import { errorCode, errorMessage, ZoologError } from "@zoolog/base";
import type { ErrorBody } from "@zoolog/protocol";

/**
 * The one map from names of errors to HTTP status. Names are Kafka's, then a few of our own for
 * what only HTTP knows. docs/formats/native-plane.md prints this table and a test compares them.
 */
export const HTTP_STATUS: Readonly<Record<string, number>> = {
  CORRUPT_MESSAGE: 400,
  INVALID_CONFIG: 400,
  INVALID_GROUP_ID: 400,
  INVALID_PARTITIONS: 400,
  INVALID_RECORD: 400,
  INVALID_REGULAR_EXPRESSION: 400,
  INVALID_REPLICATION_FACTOR: 400,
  INVALID_REPLICA_ASSIGNMENT: 400,
  INVALID_REQUEST: 400,
  INVALID_REQUIRED_ACKS: 400,
  INVALID_SESSION_TIMEOUT: 400,
  INVALID_TIMESTAMP: 400,
  INVALID_TOPIC_EXCEPTION: 400,
  OFFSET_METADATA_TOO_LARGE: 400,
  UNSUPPORTED_ASSIGNOR: 400,
  UNSUPPORTED_COMPRESSION_TYPE: 400,
  UNSUPPORTED_VERSION: 400,
  CLUSTER_AUTHORIZATION_FAILED: 403,
  POLICY_VIOLATION: 403,
  TOPIC_AUTHORIZATION_FAILED: 403,
  GROUP_ID_NOT_FOUND: 404,
  RESOURCE_NOT_FOUND: 404,
  UNKNOWN_TOPIC_ID: 404,
  UNKNOWN_TOPIC_OR_PARTITION: 404,
  DUPLICATE_SEQUENCE_NUMBER: 409,
  ELECTION_NOT_NEEDED: 409,
  FENCED_INSTANCE_ID: 409,
  FENCED_LEADER_EPOCH: 409,
  FENCED_MEMBER_EPOCH: 409,
  GROUP_MAX_SIZE_REACHED: 409,
  GROUP_SUBSCRIBED_TO_TOPIC: 409,
  ILLEGAL_GENERATION: 409,
  INCONSISTENT_GROUP_PROTOCOL: 409,
  INCONSISTENT_TOPIC_ID: 409,
  INVALID_PRODUCER_EPOCH: 409,
  MEMBER_ID_REQUIRED: 409,
  NON_EMPTY_GROUP: 409,
  OUT_OF_ORDER_SEQUENCE_NUMBER: 409,
  PRODUCER_FENCED: 409,
  REBALANCE_IN_PROGRESS: 409,
  STALE_MEMBER_EPOCH: 409,
  TOPIC_ALREADY_EXISTS: 409,
  UNKNOWN_LEADER_EPOCH: 409,
  UNKNOWN_MEMBER_ID: 409,
  UNRELEASED_INSTANCE_ID: 409,
  MESSAGE_TOO_LARGE: 413,
  RECORD_LIST_TOO_LARGE: 413,
  OFFSET_OUT_OF_RANGE: 416,
  NOT_CONTROLLER: 421,
  NOT_COORDINATOR: 421,
  NOT_LEADER_OR_FOLLOWER: 421,
  UNKNOWN_SERVER_ERROR: 500,
  UNREADABLE_BATCH: 500,
  ZNODE_MALFORMED: 500,
  BROKER_NOT_AVAILABLE: 503,
  COORDINATION_UNAVAILABLE: 503,
  COORDINATOR_LOAD_IN_PROGRESS: 503,
  COORDINATOR_NOT_AVAILABLE: 503,
  ELIGIBLE_LEADERS_NOT_AVAILABLE: 503,
  KAFKA_STORAGE_ERROR: 503,
  LEADER_NOT_AVAILABLE: 503,
  NOT_ENOUGH_REPLICAS: 503,
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: 503,
  OFFSET_NOT_AVAILABLE: 503,
  PREFERRED_LEADER_NOT_AVAILABLE: 503,
  REPLICA_NOT_AVAILABLE: 503,
  THROTTLING_QUOTA_EXCEEDED: 503,
  REQUEST_TIMED_OUT: 504,

  MALFORMED_BODY: 400,
  MALFORMED_REQUEST: 400,
  HOST_REFUSED: 403,
  ORIGIN_REFUSED: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  NOT_ACCEPTABLE: 406,
  REQUEST_TOO_SLOW: 408,
  REQUEST_TOO_LARGE: 413,
  URI_TOO_LONG: 414,
  UNSUPPORTED_CONTENT_ENCODING: 415,
  UNSUPPORTED_MEDIA_TYPE: 415,
  EXPECTATION_FAILED: 417,
  HEADERS_TOO_LARGE: 431,
  CALLER_GONE: 499,
  BROKER_CLOSING: 503,
};

/** What a failed call is answered with. */
export type HttpFailure = {
  readonly status: number;
  readonly body: ErrorBody;
  /** True when the fault is ours: somebody should read the log. */
  readonly isUnexpected: boolean;
};

/**
 * Anything thrown, as an answer. A code that is not in the table is a failure of the disk, the
 * store or another part of us: 503 when it may pass, 500 otherwise. The text of what is no
 * `ZoologError` stays inside, as it may tell too much.
 */
export function failureOf(error: unknown): HttpFailure {
  if (error instanceof ZoologError) {
    const known = HTTP_STATUS[error.code];
    return {
      status: known ?? (error.retriable ? 503 : 500),
      body: errorBodyOf(error),
      isUnexpected: known === undefined || known === 500,
    };
  }
  return (
    fastifyFailure(error) ?? {
      status: 500,
      body: errorBodyOf({
        code: "UNKNOWN_SERVER_ERROR",
        message: "the broker failed in a way it has no name for",
        retriable: false,
        hint: "Its log has the details.",
      }),
      isUnexpected: true,
    }
  );
}

export function errorBodyOf(error: {
  readonly code: string;
  readonly message: string;
  readonly retriable: boolean;
  readonly hint?: string | undefined;
}): ErrorBody {
  const { code, message, retriable, hint } = error;
  return { error: { code, message, retriable, ...(hint === undefined ? {} : { hint }) } };
}

type FastifyRefusal = { readonly code: string; readonly message: string; readonly hint: string };

/** Fastify's own refusals, by its codes; the few it can raise with our settings. */
const FASTIFY_REFUSALS: Readonly<Record<string, FastifyRefusal>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: "UNSUPPORTED_MEDIA_TYPE",
    message: "a body of this content-type is not accepted",
    hint: "Send content-type: application/json or application/msgpack.",
  },
  FST_ERR_BAD_URL: {
    code: "MALFORMED_REQUEST",
    message: "the path is not percent-encoded as it should be",
    hint: "Write a percent sign as %25.",
  },
  FST_ERR_MAX_PARAM_LENGTH: {
    code: "URI_TOO_LONG",
    message: "a part of the path is too long",
    hint: "Topic names have at most 249 characters.",
  },
};

function fastifyFailure(error: unknown): HttpFailure | undefined {
  const code = errorCode(error);
  if (code?.startsWith("FST_ERR_") !== true) return undefined;
  const status = (error as { readonly statusCode?: number }).statusCode ?? 500;
  const known = FASTIFY_REFUSALS[code];
  if (known === undefined && status >= 500) return undefined;
  const refusal = known ?? { code: "MALFORMED_REQUEST", message: errorMessage(error) };
  return {
    status: HTTP_STATUS[refusal.code] ?? status,
    body: errorBodyOf({ ...refusal, retriable: false }),
    isUnexpected: false,
  };
}
