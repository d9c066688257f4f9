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
export type { ClientConnection, ConnectionSink } from "./server/client-connection.ts";
export { DataTree } from "./server/data-tree.ts";
export { ServerCore, type ServerState } from "./server/server-core.ts";
export type { LoggedTransaction } from "./server/transaction.ts";
export type { Journal } from "./server/write-pipeline.ts";
export { startZooKeeperServer, type ZooKeeperServer } from "./server/zookeeper-server.ts";
