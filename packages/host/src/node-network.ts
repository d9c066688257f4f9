import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import {
  type Connection,
  errorCode,
  type Listener,
  type ListenOptions,
  type Network,
  type ProbeOutcome,
} from "@zoolog/base";

/** The machine's TCP. */
export const nodeNetwork: Network = {
  listen: (options, onConnection) =>
    new Promise((resolve, reject) => {
      const sockets = new Set<Socket>();
      const server = createServer({ noDelay: true, keepAlive: true }, (socket) => {
        sockets.add(socket);
        socket.once("close", () => sockets.delete(socket));
        onConnection(nodeConnection(socket));
      });
      server.maxConnections = options.connectionsMax;
      server.once("error", reject);
      server.listen({ host: options.host, port: options.port }, () => {
        server.removeListener("error", reject);
        // A failed accept (EMFILE, ECONNABORTED) concerns one connection; the listener goes on.
        server.on("error", () => {});
        resolve(nodeListener(options, server, sockets));
      });
    }),
  probe: ({ host, port, timeoutMs }) =>
    new Promise((resolve) => {
      const socket = connect({ host, port, timeout: timeoutMs });
      const settle = (outcome: ProbeOutcome): void => {
        socket.destroy();
        resolve(outcome);
      };
      socket.once("connect", () => settle("accepted"));
      socket.once("timeout", () => settle("unknown"));
      socket.once("error", (error) => settle(isRefusal(error) ? "refused" : "unknown"));
    }),
};

/** Of a name with several addresses all have to refuse. */
function isRefusal(error: Error): boolean {
  const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
  return errors.length > 0 && errors.every((each) => errorCode(each) === "ECONNREFUSED");
}

function nodeListener(options: ListenOptions, server: Server, sockets: Set<Socket>): Listener {
  let closing: Promise<void> | undefined;
  return {
    host: options.host,
    port: (server.address() as AddressInfo).port,
    close: () => {
      closing ??= new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      });
      return closing;
    },
  };
}

function nodeConnection(socket: Socket): Connection {
  // A reset by the peer is an ordinary end: `close` follows and is what the owner acts on.
  socket.on("error", () => {});
  return {
    remoteAddress: `${socket.remoteAddress}:${socket.remotePort}`,
    get pendingBytes() {
      return socket.writableLength;
    },
    onData: (listener) => void socket.on("data", listener),
    onClose: (listener) => void socket.once("close", () => listener()),
    onDrain: (listener) => void socket.on("drain", () => listener()),
    write: (chunk) => void socket.write(chunk),
    writeAll: (chunks, onTaken) => writeInTurns(socket, chunks, onTaken),
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
  };
}

/**
 * Bytes given to the kernel in one call. Node tells when it has all of them and nothing before, so
 * `pendingBytes` of a longer write would stand still however well its reader reads.
 */
const WRITE_BYTES_MAX = 1024 * 1024;

function writeInTurns(socket: Socket, chunks: readonly Uint8Array[], onTaken: () => void): void {
  let index = 0;
  let position = 0;
  const next = (): void => {
    let room = WRITE_BYTES_MAX;
    socket.cork();
    for (let chunk = chunks[index]; chunk !== undefined; chunk = chunks[index]) {
      const part = chunk.subarray(position, position + room);
      position += part.length;
      room -= part.length;
      if (position === chunk.length) {
        index += 1;
        position = 0;
      }
      // A closed socket calls back with an error: that is the end, too.
      if (index === chunks.length) socket.write(part, () => onTaken());
      else if (room === 0) socket.write(part, (error) => (error ? onTaken() : next()));
      else {
        socket.write(part);
        continue;
      }
      break;
    }
    socket.uncork();
  };
  next();
}
