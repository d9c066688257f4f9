export { connectZooKeeper, type ZooKeeperClientOptions } from "./client/connect.ts";
export { parseConnectString } from "./client/connect-string.ts";
export type { ClientSocket, ConnectSocket } from "./client/connection/client-socket.ts";
export type {
  AclEntry,
  Children,
  CreateMode,
  CreateOptions,
  Operation,
  OperationResult,
  SessionState,
  Watch,
  WatchEvent,
  Znode,
  ZnodeStat,
  ZooKeeperClient,
} from "./client/zookeeper-client.ts";
export { ZooKeeperError, type ZooKeeperErrorCode } from "./errors.ts";
export { JuteReader } from "./jute/jute-reader.ts";
export { OP_CODES, SPECIAL_XIDS } from "./jute/op-codes.ts";
export { readConnectRequest } from "./jute/records.ts";
export { readWriteRequest, type WriteRequest } from "./server/decisions/write-request.ts";
export type { Journal } from "./server/pipeline/write-pipeline.ts";
export { authenticate } from "./server/requests/authentication.ts";
export { answerRead, isRead } from "./server/requests/read-requests.ts";
export { ServerCore, type ServerState } from "./server/server-core.ts";
export { ClientConnection, type ConnectionSink } from "./server/sessions/client-connection.ts";
export { DataTree } from "./server/tree/data-tree.ts";
export type { LoggedTransaction } from "./server/tree/transaction.ts";
export { WatchRegistry } from "./server/tree/watch-registry.ts";
export { FrameSplitter } from "./server/wire/frame-splitter.ts";
export { ReplyEncoder } from "./server/wire/reply-encoder.ts";
export { startZooKeeperServer, type ZooKeeperServer } from "./server/zookeeper-server.ts";
