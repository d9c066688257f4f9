import { WireFrames, WireReader, WireWriter } from "./wire-bytes.ts";
import type { WireRequest } from "./wire-requests.ts";

const XID_EVENT = -1;
const XID_PING = -2;
const XID_AUTH = -4;
const OP_PING = 11;
const OP_AUTH = 100;
const EVENT_KINDS = ["none", "created", "deleted", "dataChanged", "childrenChanged"] as const;

export type WireEvent = {
  readonly kind: (typeof EVENT_KINDS)[number] | undefined;
  readonly path: string | undefined;
};

export type WireReply = {
  readonly xid: number;
  readonly zxid: number;
  readonly error: number;
  readonly body: WireReader;
};

export type WireHandshake = {
  readonly timeoutMs: number;
  readonly sessionId: bigint;
  readonly password: Buffer;
};

export type WireStat = {
  readonly czxid: number;
  readonly mzxid: number;
  readonly ctime: number;
  readonly mtime: number;
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  readonly ephemeralOwner: bigint;
  readonly dataLength: number;
  readonly numChildren: number;
  readonly pzxid: number;
};

/**
 * The client's end of one ZooKeeper connection, byte by byte and without a transport: what it sends
 * goes to `transmit`, what comes back is given to `receive`. It keeps everything in the order of
 * arrival.
 */
export class WireSession {
  readonly #transmit: (bytes: Buffer) => void;
  readonly #frames = new WireFrames();
  #nextXid = 1;
  #awaitsHandshake = false;
  handshake: WireHandshake | undefined;
  /** Everything that came, one line each: `reply 3 ok`, `event deleted /a`. */
  readonly trace: string[] = [];
  readonly events: WireEvent[] = [];
  readonly replies: WireReply[] = [];

  constructor(transmit: (bytes: Buffer) => void) {
    this.#transmit = transmit;
  }

  connect(
    options: {
      readonly timeoutMs?: number;
      readonly lastZxidSeen?: number;
      /** To resume it; a new session without. */
      readonly session?: Pick<WireHandshake, "sessionId" | "password">;
    } = {},
  ): void {
    this.#awaitsHandshake = true;
    const writer = new WireWriter();
    writer.int(0).long(BigInt(options.lastZxidSeen ?? 0));
    writer.int(options.timeoutMs ?? 10_000).long(options.session?.sessionId ?? 0n);
    writer.buffer(options.session?.password ?? Buffer.alloc(16)).boolean(false);
    this.#transmit(writer.frame());
  }

  /** Answers the request's xid. */
  send(request: WireRequest): number {
    const xid = this.#nextXid++;
    this.#sendAs(xid, request);
    return xid;
  }

  ping(): void {
    this.#sendAs(XID_PING, { opCode: OP_PING, body: Buffer.alloc(0) });
  }

  addAuth(scheme: string, auth: string): void {
    const body = new WireWriter().int(0).string(scheme).buffer(Buffer.from(auth)).bytes();
    this.#sendAs(XID_AUTH, { opCode: OP_AUTH, body });
  }

  receive(chunk: Uint8Array): void {
    for (const frame of this.#frames.push(Buffer.from(chunk))) this.#take(new WireReader(frame));
  }

  reply(xid: number): WireReply | undefined {
    return this.replies.find((reply) => reply.xid === xid);
  }

  /** The events since the last call, as `kind path`. */
  takeEvents(): string[] {
    return this.events.splice(0).map(({ kind, path }) => `${kind} ${path}`);
  }

  #sendAs(xid: number, { opCode, body }: WireRequest): void {
    this.#transmit(new WireWriter().int(xid).int(opCode).raw(body).frame());
  }

  #take(reader: WireReader): void {
    if (this.#awaitsHandshake) {
      this.#awaitsHandshake = false;
      reader.int();
      const timeoutMs = reader.int();
      const sessionId = reader.long();
      const password = reader.buffer() ?? Buffer.alloc(0);
      this.handshake = { timeoutMs, sessionId, password };
      return;
    }
    const xid = reader.int();
    const zxid = Number(reader.long());
    const error = reader.int();
    if (xid === XID_EVENT) {
      const kind = EVENT_KINDS[reader.int()];
      reader.int(); // The state: always "connected".
      const event = { kind, path: reader.string() };
      this.events.push(event);
      this.trace.push(`event ${kind} ${event.path}`);
      return;
    }
    this.replies.push({ xid, zxid, error, body: reader });
    this.trace.push(`reply ${xid} ${error === 0 ? "ok" : error}`);
  }
}

export function readWireStat(reader: WireReader): WireStat {
  const long = (): number => Number(reader.long());
  return {
    czxid: long(),
    mzxid: long(),
    ctime: long(),
    mtime: long(),
    version: reader.int(),
    cversion: reader.int(),
    aversion: reader.int(),
    ephemeralOwner: reader.long(),
    dataLength: reader.int(),
    numChildren: reader.int(),
    pzxid: long(),
  };
}
