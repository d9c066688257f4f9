import type ConnectionManager from "node-zookeeper-client/lib/ConnectionManager.js";
import type { PacketError } from "node-zookeeper-client/lib/ConnectionManager.js";
import jute, {
  type LibraryRecord,
  type Response,
  type ResponsePayload,
} from "node-zookeeper-client/lib/jute/index.js";

/** The library counts xids up for ever and throws at 2^31; the server only wants them equal. */
const XID_MAX = 0x7fff_0000;

export type SendRequest = { readonly opCode: number; readonly payload: LibraryRecord };

/** How one request ended. Each request ends exactly once. */
export type Outcome =
  | { readonly kind: "answered"; readonly payload: ResponsePayload }
  | { readonly kind: "refused"; readonly wireCode: number }
  /** The connection ended first: whether a write was applied is not known. */
  | { readonly kind: "lost" }
  /** The answer came and cannot be read. */
  | { readonly kind: "malformed"; readonly cause: unknown };

/** What goes to the server, by the library's queues, in the order asked. */
export class OutboundRequests {
  readonly #manager: ConnectionManager;
  readonly #sent: () => void;

  /** `sent` is called with each request, so that no ping goes while others do. */
  constructor(manager: ConnectionManager, sent: () => void) {
    this.#manager = manager;
    this.#sent = sent;
  }

  /** `settled` is called once, whatever the library makes of its callback. */
  request(request: SendRequest, settled: (outcome: Outcome) => void): void {
    if (this.#manager.xid > XID_MAX) this.#manager.xid = 1;
    const header = new jute.protocol.RequestHeader(0, request.opCode);
    let pending = true;
    this.#manager.queue(new jute.Request(header, request.payload), (error, response) => {
      if (!pending) return;
      pending = false;
      settled(outcomeOf(error, response));
    });
    this.#sent();
  }

  credential(scheme: string, bytes: Buffer): void {
    const header = new jute.protocol.RequestHeader(jute.XID_AUTHENTICATION, jute.OP_CODES.AUTH);
    this.#manager.queue(new jute.Request(header, new jute.protocol.AuthPacket(0, scheme, bytes)));
    this.#sent();
  }

  ping(): void {
    const header = new jute.protocol.RequestHeader(jute.XID_PING, jute.OP_CODES.PING);
    this.#manager.queue(new jute.Request(header, null));
    this.#sent();
  }

  /**
   * The connection ended: what was not sent ends like what was not answered, in the order asked. The
   * library would send it on the next connection, long after the caller gave up.
   */
  connectionEnded(): void {
    this.#manager.pendingQueue.push(...this.#manager.packetQueue.queue.splice(0));
  }
}

function outcomeOf(error: PacketError | null | undefined, response: Response | undefined): Outcome {
  if (error === null || error === undefined) {
    return { kind: "answered", payload: response?.payload ?? {} };
  }
  if ("wireCode" in error) return { kind: "refused", wireCode: error.wireCode };
  if ("malformed" in error) return { kind: "malformed", cause: error.malformed };
  return { kind: "lost" };
}
