export {
  connectZooKeeper,
  type ZooKeeperClientDependencies,
  type ZooKeeperClientOptions,
} from "./client/connect.ts";
export {
  type ConnectString,
  parseConnectString,
  type ServerAddress,
} from "./client/connect-string.ts";
export {
  ACL_PERMISSIONS,
  type AclEntry,
  type Children,
  type CreateMode,
  type CreateOptions,
  type Operation,
  type OperationResult,
  type SessionState,
  type Watch,
  type WatchEvent,
  type Znode,
  type ZnodeStat,
  type ZooKeeperClient,
} from "./client/zookeeper-client.ts";
export {
  WIRE_ERROR_CODES,
  ZooKeeperError,
  type ZooKeeperErrorCode,
  type ZooKeeperErrorOptions,
} from "./errors.ts";
export type { ClientConnection, ConnectionSink } from "./server/client-connection.ts";
export { DataTree } from "./server/data-tree.ts";
export {
  ServerCore,
  type ServerCoreDependencies,
  type ServerCoreOptions,
  type ServerState,
} from "./server/server-core.ts";
export type { LoggedTransaction } from "./server/transaction.ts";
export type { Journal } from "./server/write-pipeline.ts";
export {
  startZooKeeperServer,
  type ZooKeeperServer,
  type ZooKeeperServerDependencies,
  type ZooKeeperServerOptions,
} from "./server/zookeeper-server.ts";
