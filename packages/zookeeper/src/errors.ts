import { ZoologError } from "@zoolog/base";

/**
 * ZooKeeper's result codes (`KeeperException.Code` of 3.8), as they travel in reply headers, and
 * the names the rest of the code switches on.
 */
export const WIRE_ERROR_CODES = {
  SYSTEM_ERROR: -1,
  RUNTIME_INCONSISTENCY: -2,
  DATA_INCONSISTENCY: -3,
  CONNECTION_LOSS: -4,
  MARSHALLING_ERROR: -5,
  UNIMPLEMENTED: -6,
  OPERATION_TIMEOUT: -7,
  BAD_ARGUMENTS: -8,
  UNKNOWN_SESSION: -12,
  NEW_CONFIG_NO_QUORUM: -13,
  RECONFIG_IN_PROGRESS: -14,
  API_ERROR: -100,
  NO_NODE: -101,
  NO_AUTH: -102,
  BAD_VERSION: -103,
  NO_CHILDREN_FOR_EPHEMERALS: -108,
  NODE_EXISTS: -110,
  NOT_EMPTY: -111,
  SESSION_EXPIRED: -112,
  INVALID_CALLBACK: -113,
  INVALID_ACL: -114,
  AUTH_FAILED: -115,
  SESSION_MOVED: -118,
  NOT_READ_ONLY: -119,
  EPHEMERAL_ON_LOCAL_SESSION: -120,
  NO_WATCHER: -121,
  REQUEST_TIMEOUT: -122,
  RECONFIG_DISABLED: -123,
  SESSION_CLOSED_REQUIRE_SASL_AUTH: -124,
  QUOTA_EXCEEDED: -125,
  THROTTLED_OP: -127,
} as const;

/** What the client itself finds out, without an answer of a server. */
type ClientErrorCode =
  /** The connect string cannot be understood. */
  | "INVALID_CONNECT_STRING"
  /** A path breaks ZooKeeper's rules; nothing was sent. */
  | "INVALID_PATH"
  /** The request is over the client's limit (bytes or operations); nothing was sent. */
  | "REQUEST_TOO_LARGE"
  /** Too many requests wait for their answers; nothing was sent. */
  | "TOO_MANY_REQUESTS"
  /** Too many watches are set already; nothing was sent. */
  | "TOO_MANY_WATCHES"
  /** No session could be opened in time. */
  | "CONNECT_TIMEOUT"
  /** The client was closed. */
  | "CLIENT_CLOSED"
  /** The server answered something that is not the protocol. */
  | "PROTOCOL_ERROR"
  /** The server answered a code that is in no table; see `wireCode`. */
  | "UNKNOWN_ERROR";

export type ZooKeeperErrorCode = keyof typeof WIRE_ERROR_CODES | ClientErrorCode;

const NAMES_BY_WIRE_CODE: ReadonlyMap<number, ZooKeeperErrorCode> = new Map(
  Object.entries(WIRE_ERROR_CODES).map(([name, code]) => [code, name as ZooKeeperErrorCode]),
);

/**
 * Codes after which the same call may succeed later. `CONNECTION_LOSS`, `OPERATION_TIMEOUT` and
 * `REQUEST_TIMEOUT` leave the fate of a write open: read before you repeat it.
 */
const RETRIABLE: ReadonlySet<ZooKeeperErrorCode> = new Set<ZooKeeperErrorCode>([
  "CONNECTION_LOSS",
  "OPERATION_TIMEOUT",
  "REQUEST_TIMEOUT",
  "SESSION_MOVED",
  "THROTTLED_OP",
  "TOO_MANY_REQUESTS",
  "CONNECT_TIMEOUT",
]);

const HINTS: Partial<Record<ZooKeeperErrorCode, string>> = {
  CONNECTION_LOSS:
    "A write may or may not have been applied: wait for the connection, then read to find out.",
  SESSION_EXPIRED: "Ephemeral znodes of this session are gone: open a new client.",
  CLIENT_CLOSED: "Open a new client.",
  NO_AUTH: "The ACL of the znode does not allow this: give credentials with addAuth.",
  AUTH_FAILED: "The server refused the credentials: check scheme and credential.",
  TOO_MANY_REQUESTS: "Wait for answers before you send more.",
};

export type ZooKeeperErrorOptions = {
  readonly code: ZooKeeperErrorCode;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  readonly path?: string | undefined;
  readonly operationIndex?: number | undefined;
  readonly wireCode?: number | undefined;
};

/** Every failure of the ZooKeeper client. Switch on `code`. */
export class ZooKeeperError extends ZoologError {
  override readonly name: string = "ZooKeeperError";
  declare readonly code: ZooKeeperErrorCode;
  /** The znode it is about, as the caller named it. */
  readonly path: string | undefined;
  /** Of a `multi`: which operation failed, from 0. */
  readonly operationIndex: number | undefined;
  /** The number the server answered, when it answered one. */
  readonly wireCode: number | undefined;

  constructor(options: ZooKeeperErrorOptions) {
    super({
      code: options.code,
      message: options.message,
      retriable: RETRIABLE.has(options.code),
      ...withHint(options.hint ?? HINTS[options.code]),
      ...(options.cause === undefined ? {} : { cause: options.cause }),
    });
    this.path = options.path;
    this.operationIndex = options.operationIndex;
    this.wireCode = options.wireCode;
  }
}

function withHint(hint: string | undefined): { hint: string } | undefined {
  return hint === undefined ? undefined : { hint };
}

/** The error for a result code that a server answered (never 0). */
export function errorOfWireCode(
  wireCode: number,
  where: {
    readonly operation: string;
    readonly path?: string | undefined;
    readonly operationIndex?: number;
  },
): ZooKeeperError {
  const code = NAMES_BY_WIRE_CODE.get(wireCode) ?? "UNKNOWN_ERROR";
  const on = where.path === undefined ? "" : ` of ${where.path}`;
  return new ZooKeeperError({
    code,
    message: `${where.operation}${on} answered ${code} (${wireCode})`,
    path: where.path,
    operationIndex: where.operationIndex,
    wireCode,
  });
}
