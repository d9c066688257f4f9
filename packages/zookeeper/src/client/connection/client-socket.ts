import ConnectionManager, {
  type LibrarySocket,
} from "node-zookeeper-client/lib/ConnectionManager.js";
import type { ServerAddress } from "../connect-string.ts";

/** What the client uses of a `net.Socket`. */
export type ClientSocket = LibrarySocket;

/** Opens a socket to a server, as `net.connect` does. */
export type ConnectSocket = (server: ServerAddress) => ClientSocket;

/**
 * Lets the library's manager connect over sockets that are given to it. As its own `connect`, but
 * without its timer, which is no use here: `ConnectionAttempts` has one for TCP and handshake.
 */
export function connectOver(manager: ConnectionManager, connectSocket: ConnectSocket): void {
  manager.connect = () => {
    manager.setState(ConnectionManager.STATES.CONNECTING);
    manager.findNextServer((server) => {
      const socket = connectSocket(server);
      manager.socket = socket;
      socket.setNoDelay();
      socket.on("connect", () => manager.onSocketConnected());
      socket.on("data", (chunk) => manager.onSocketData(chunk));
      socket.on("drain", () => manager.onSocketDrain());
      socket.on("close", (hadError) => manager.onSocketClosed(hadError));
      socket.on("error", (error) => manager.onSocketError(error));
    });
  };
}
