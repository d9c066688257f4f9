import { errorCode, errorMessage, ZoologError } from "@zoolog/base";

/** Every failure this package names. */
export type CoordinationErrorCode =
  /** ZooKeeper could not be reached in time. Retriable. */
  | "COORDINATION_UNAVAILABLE"
  /** A znode's content is not what docs/formats/znodes.md says. */
  | "ZNODE_MALFORMED"
  /** Another broker is registered under this id. */
  | "BROKER_ID_TAKEN"
  /** A later controller was elected, or the session that held the controllership has ended. */
  | "CONTROLLER_FENCED"
  /** The slot has passed to another coordinator, or our session has ended. */
  | "COORDINATOR_FENCED"
  /** More changes wait for a slot than may. Retriable. */
  | "COORDINATOR_BUSY"
  /** A group, a member or the metadata of an offset does not fit into a znode. */
  | "GROUP_TOO_LARGE"
  /** The id of a group or member cannot be the name of a znode. */
  | "GROUP_NAME_UNUSABLE"
  /** This ensemble belongs to another cluster than the one the store was opened on. */
  | "CLUSTER_ID_MISMATCH"
  /** ZooKeeper was restored to an earlier state, or made anew, while this process knew a later one. */
  | "ZOOKEEPER_HISTORY_LOST"
  /** The assignment does not fit into a znode. */
  | "TOPIC_TOO_LARGE"
  /** All producer ids have been given out. */
  | "PRODUCER_IDS_EXHAUSTED"
  | "STORE_CLOSED";

type CoordinationFault = {
  readonly code: CoordinationErrorCode;
  readonly message: string;
  readonly retriable?: boolean;
  readonly hint?: string;
  readonly cause?: unknown;
};

function fault(options: CoordinationFault): ZoologError {
  return new ZoologError(options);
}

export function unavailable(cause: unknown): ZoologError {
  const why = cause === undefined ? "no connection" : errorMessage(cause);
  return fault({
    code: "COORDINATION_UNAVAILABLE",
    message: `ZooKeeper cannot be reached: ${why}`,
    retriable: true,
    hint: "Try again. If it lasts, check that the ensemble has its quorum and can be reached.",
    cause,
  });
}

export function malformed(path: string, problem: string, hint?: string): ZoologError {
  return fault({
    code: "ZNODE_MALFORMED",
    message: `znode ${path}: ${problem}`,
    hint: hint ?? `Repair it with zkCli (get ${path}); docs/formats/znodes.md has the format.`,
  });
}

/** We look, write what we saw missing, and find something else, again and again. */
export function restless(path: string): ZoologError {
  return malformed(path, "is another at each look: who else writes it?");
}

/** For messages: what an operator wrote may be long, and anything. */
export function excerpt(data: Uint8Array): string {
  const text = Buffer.from(data.subarray(0, EXCERPT_BYTES_MAX)).toString("utf8");
  return `${JSON.stringify(text)}${data.length > EXCERPT_BYTES_MAX ? "…" : ""}`;
}

const EXCERPT_BYTES_MAX = 60;

/** Somebody wrote into a znode what nobody can read: see docs/formats/znodes.md. */
export function isMalformed(error: unknown): error is ZoologError {
  return error instanceof ZoologError && error.code === "ZNODE_MALFORMED";
}

export function brokerIdTaken(options: {
  readonly brokerId: number;
  readonly address: string;
  readonly incarnation: string;
}): ZoologError {
  const { brokerId, address, incarnation } = options;
  return fault({
    code: "BROKER_ID_TAKEN",
    message: `broker id ${brokerId} is taken by ${address}, which runs on another data folder (${incarnation})`,
    hint: "Stop that broker, or give this one a broker id of its own.",
  });
}

/** The other one has our incarnation, and lives: one folder is a copy of the other. */
export function dataFolderCopied(options: {
  readonly brokerId: number;
  readonly address: string;
  readonly incarnation: string;
}): ZoologError {
  const { brokerId, address, incarnation } = options;
  return fault({
    code: "BROKER_ID_TAKEN",
    message: `broker id ${brokerId} is taken by ${address}, which runs on a copy of this data folder (${incarnation})`,
    hint: "Only one of the copies may run. For another broker, begin with an empty data folder and a broker id of its own.",
  });
}

export function registrationUnreadable(brokerId: number, cause: ZoologError): ZoologError {
  return fault({
    code: "BROKER_ID_TAKEN",
    message: `broker id ${brokerId} is taken by somebody whose registration cannot be read: ${cause.message}`,
    hint: `If no other broker ${brokerId} runs, remove it (zkCli: delete /brokers/ids/${brokerId}) and start again.`,
    cause,
  });
}

export function controllerFenced(why: string): ZoologError {
  return fault({
    code: "CONTROLLER_FENCED",
    message: `this broker is not the controller any more: ${why}`,
    hint: "Ask the new controller.",
  });
}

export function coordinatorFenced(why: string): ZoologError {
  return fault({
    code: "COORDINATOR_FENCED",
    message: `this broker does not coordinate the slot any more: ${why}`,
    hint: "Ask for the coordinator again.",
  });
}

export function coordinatorBusy(): ZoologError {
  return fault({
    code: "COORDINATOR_BUSY",
    message: "too many changes of groups wait for ZooKeeper",
    retriable: true,
    hint: "Try again later. If it lasts, ZooKeeper is slow, or groups commit too often.",
  });
}

export function groupTooLarge(what: string, size: number, sizeMax: number): ZoologError {
  return fault({
    code: "GROUP_TOO_LARGE",
    message: `${what} takes ${size}, a znode holds ${sizeMax}`,
    hint: "Let its members subscribe to fewer topics, or say less in their metadata.",
  });
}

export function groupNameUnusable(id: string, rule: string): ZoologError {
  return fault({
    code: "GROUP_NAME_UNUSABLE",
    message: `${JSON.stringify(id.slice(0, EXCERPT_BYTES_MAX))} cannot be kept: an id ${rule}`,
    hint: "Use a shorter id of printable characters.",
  });
}

export function clusterIdMismatch(expected: string, found: string | undefined): ZoologError {
  return fault({
    code: "CLUSTER_ID_MISMATCH",
    message: `/cluster/id is ${found ?? "gone"}, this broker belongs to cluster ${expected}`,
    hint: "The connect string points at another ensemble, or its data was replaced.",
  });
}

export function historyLost(evidence: string): ZoologError {
  return fault({
    code: "ZOOKEEPER_HISTORY_LOST",
    message: `ZooKeeper's history went back (${evidence}): it was restored from a backup or made anew`,
    hint: "Start the broker again, if no supervisor does, so that it begins with what ZooKeeper says now; docs/operating/backup.md has more.",
  });
}

export function topicTooLarge(topic: string, bytes: number, bytesMax: number): ZoologError {
  return fault({
    code: "TOPIC_TOO_LARGE",
    message: `the replica assignment of ${topic} takes ${bytes} bytes, a znode holds ${bytesMax}`,
    hint: "Create it with fewer partitions or replicas.",
  });
}

export function producerIdsExhausted(): ZoologError {
  return fault({
    code: "PRODUCER_IDS_EXHAUSTED",
    message: "all producer ids have been given out",
    hint: "/latest_producer_id_block holds a number that was never reached: was it edited?",
  });
}

export function storeClosed(): ZoologError {
  return fault({ code: "STORE_CLOSED", message: "the coordination store was closed" });
}

/** The session has ended: with it went its ephemerals and whatever it was about to do. */
export function isSessionEnd(error: unknown): boolean {
  const code = errorCode(error);
  return code === "SESSION_EXPIRED" || code === "CLIENT_CLOSED";
}

/**
 * The connection, not the request, was at fault. A write that ends so may have been applied: find
 * out by reading. A read can be repeated.
 */
export function isConnectionFault(error: unknown): boolean {
  const code = errorCode(error);
  return code !== undefined && CONNECTION_FAULTS.has(code);
}

const CONNECTION_FAULTS: ReadonlySet<string> = new Set([
  "CONNECTION_LOSS",
  "OPERATION_TIMEOUT",
  "REQUEST_TIMEOUT",
  "SESSION_MOVED",
  "THROTTLED_OP",
  "TOO_MANY_REQUESTS",
]);
