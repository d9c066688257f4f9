export { connectZooKeeper, type ZooKeeperClientOptions } from "./client/connect.ts";
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
export type { Journal } from "./server/pipeline/write-pipeline.ts";
export { ServerCore, type ServerState } from "./server/server-core.ts";
export type { ClientConnection, ConnectionSink } from "./server/sessions/client-connection.ts";
export { DataTree } from "./server/tree/data-tree.ts";
export type { LoggedTransaction } from "./server/tree/transaction.ts";
export { startZooKeeperServer, type ZooKeeperServer } from "./server/zookeeper-server.ts";
