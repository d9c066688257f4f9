import { errorCode } from "@zoolog/base";
import {
  answerRead,
  authenticate,
  ClientConnection,
  type DataTree,
  FrameSplitter,
  isRead,
  JuteReader,
  OP_CODES,
  ReplyEncoder,
  readConnectRequest,
  readWriteRequest,
  SPECIAL_XIDS,
  type WatchRegistry,
} from "@zoolog/zookeeper";
import type { SimulatedProcess } from "../schedule/simulated-process.ts";
import { type EnsemblePorts, type ForwardedItem, LEADER_PORT } from "./ensemble-ports.ts";
import { SYNC_LIMIT_TICKS } from "./leader-term.ts";
import { sendBytes } from "./simulated-socket.ts";
import type { StreamEnd } from "./simulated-streams.ts";

const FRAME_BYTES_MAX = 0xfffff;

const PING = new Uint8Array(8);
new DataView(PING.buffer).setInt32(0, SPECIAL_XIDS.ping);
new DataView(PING.buffer).setInt32(4, OP_CODES.ping);

/** What clients of one server read: the transactions that it has applied, not all there are. */
export type Replica = {
  readonly tree: DataTree;
  readonly watches: WatchRegistry;
  readonly applied: number;
  readonly zxid: number;
};

export type FrontServer = {
  readonly process: SimulatedProcess;
  readonly ports: EnsemblePorts;
  readonly replica: Replica;
  /** Undefined while there is none that serves. */
  readonly leader: string | undefined;
  readonly ended: (front: ClientFront) => void;
};

/** A request that is not answered yet. */
type Slot =
  | { readonly kind: "read"; readonly frame: Uint8Array }
  | { readonly kind: "forwarded"; answer?: Answer; readonly isAnswerLost: boolean };

type Answer = Extract<ForwardedItem, { readonly kind: "reply" }>;

/**
 * One client's connection to a server: reads are answered here, from what this server has applied,
 * everything else by the leader. Answers are in the order of the requests, and a write is answered
 * when this server has applied it, so that a client reads its own writes.
 */
export class ClientFront {
  readonly #stream: StreamEnd<Buffer>;
  readonly #server: FrontServer;
  readonly #frames = new FrameSplitter();
  readonly #replies = new ReplyEncoder();
  readonly #connection: ClientConnection;
  readonly #slots: Slot[] = [];
  #upstream: StreamEnd<ForwardedItem> | undefined;
  /** Until the way to the leader is open. */
  #unforwarded: ForwardedItem[] | undefined = [];
  #isUpstreamEnded = false;
  #forwardedAt = 0;
  /** Requests that the leader has not answered. */
  #owed = 0;
  /** When it last answered one, or was first owed one. */
  #heardAt = 0;

  constructor(stream: StreamEnd<Buffer>, server: FrontServer) {
    this.#stream = stream;
    this.#server = server;
    this.#connection = new ClientConnection(
      { address: stream.peer?.process.name ?? "" },
      {
        eventEncoder: new ReplyEncoder(),
        sink: {
          isCongested: false,
          send: (bytes) =>
            sendBytes(stream, { kind: "zookeeper answer", bytes }, server.process.random),
          close: () => this.close(),
        },
      },
    );
    stream.handlers.received = (chunk) => this.#received(chunk);
    stream.handlers.closed = () => this.#end();
  }

  /** Name of the process that is connected. */
  get client(): string {
    return this.#connection.address;
  }

  /** Answers what may be answered by now. */
  drain(): void {
    for (let slot = this.#slots[0]; slot !== undefined; slot = this.#slots[0]) {
      if (slot.kind === "read") {
        this.#slots.shift();
        this.#answerRead(slot.frame);
        continue;
      }
      const { answer, isAnswerLost } = slot;
      if (answer === undefined || answer.applied > this.#server.replica.applied) break;
      this.#slots.shift();
      if (isAnswerLost) {
        this.close();
        return;
      }
      // Open from its first answer on, which is the one to the handshake.
      if (this.#connection.phase === "new") this.#connection.phase = "open";
      this.#connection.send(answer.frame);
    }
    // The leader has ended it: what it answered before still goes out.
    const isAnswerDue = this.#slots.some((slot) => slot.kind === "forwarded" && slot.answer);
    if (this.#isUpstreamEnded && !isAnswerDue) this.close("inOrder");
  }

  /**
   * To be called now and then. What is lost on the way to the leader leaves a hole that nothing behind it
   * passes: a server gives its leader up then, and here the client that is concerned.
   */
  look(): void {
    const { ports, process } = this.#server;
    const silentMs = process.clock.monotonic() - this.#heardAt;
    if (this.#owed > 0 && silentMs > SYNC_LIMIT_TICKS * ports.tickTimeMs) this.close();
  }

  close(how: "atOnce" | "inOrder" = "atOnce"): void {
    if (how === "inOrder") this.#stream.end();
    else this.#stream.reset();
    this.#end();
  }

  #end(): void {
    this.#connection.phase = "closed";
    this.#slots.length = 0;
    this.#server.replica.watches.removeWatcher(this.#connection);
    this.#upstream?.reset();
    this.#server.ended(this);
  }

  #received(chunk: Buffer): void {
    this.#frames.push(chunk);
    while (this.#stream.isOpen) {
      const frame = this.#frames.next(FRAME_BYTES_MAX);
      if (frame === "incomplete") return;
      if (frame === "invalid") {
        this.close();
        return;
      }
      try {
        if (this.#upstream === undefined) this.#shakeHands(frame);
        else this.#request(frame);
      } catch (error) {
        if (errorCode(error) !== "MALFORMED_JUTE") throw error;
        this.close();
      }
    }
  }

  /** A client that has seen more than this server is sent away, so that time never goes back. */
  #shakeHands(frame: Uint8Array): void {
    const { process, ports, leader, replica } = this.#server;
    const { lastZxidSeen } = readConnectRequest(new JuteReader(frame));
    if (leader === undefined || lastZxidSeen > replica.zxid) {
      this.close("inOrder");
      return;
    }
    const upstream = ports.streams.connect<ForwardedItem>(process, {
      host: leader,
      port: LEADER_PORT,
    });
    this.#upstream = upstream;
    upstream.handlers.opened = () => {
      const waiting = this.#unforwarded ?? [];
      this.#unforwarded = undefined;
      for (const item of waiting) upstream.send("forwarded", item);
    };
    upstream.handlers.received = (item) => this.#answered(item);
    upstream.handlers.closed = (error) => {
      this.#isUpstreamEnded = true;
      if (error === undefined) this.drain();
      else this.close();
    };
    this.#forward({ kind: "client", address: this.#connection.address });
    this.#slots.push({ kind: "forwarded", isAnswerLost: false });
    this.#forward({ kind: "request", frame });
  }

  #request(frame: Uint8Array): void {
    const reader = new JuteReader(frame);
    reader.int();
    const opCode = reader.int();
    if (opCode === OP_CODES.ping || opCode === OP_CODES.auth) {
      // The leader hears of both as well: who lives, and what they may do.
      this.#forward({ kind: "request", frame });
      this.#slots.push({ kind: "read", frame });
    } else if (isRead(opCode) && opCode !== OP_CODES.sync) {
      this.#tellOfLife();
      this.#slots.push({ kind: "read", frame });
    } else {
      this.#forwardWrite(opCode, reader, frame);
    }
    this.drain();
  }

  #forwardWrite(opCode: number, reader: JuteReader, frame: Uint8Array): void {
    const request = readWriteRequest(opCode, reader);
    const { faults } = this.#server.ports;
    const fault = request && faults.take(this.#connection.address, request);
    if (fault === "beforeApply") {
      this.close();
      return;
    }
    this.#slots.push({ kind: "forwarded", isAnswerLost: fault === "afterApply" });
    this.#forward({ kind: "request", frame });
  }

  #answered(item: ForwardedItem): void {
    if (item.kind !== "reply") return;
    this.#owed -= 1;
    this.#heardAt = this.#server.process.clock.monotonic();
    const isHandshake = this.#connection.phase === "new";
    const xid = isHandshake ? 0 : Buffer.from(item.frame).readInt32BE(4);
    // These were answered here.
    if (xid === SPECIAL_XIDS.ping || xid === SPECIAL_XIDS.auth) return;
    const slot = this.#slots.find((one) => one.kind === "forwarded" && one.answer === undefined);
    if (slot?.kind === "forwarded") slot.answer = item;
    this.drain();
  }

  #answerRead(frame: Uint8Array): void {
    const { replica } = this.#server;
    const connection = this.#connection;
    const reader = new JuteReader(frame);
    const xid = reader.int();
    const opCode = reader.int();
    if (opCode === OP_CODES.auth) {
      const refused = authenticate(connection, reader);
      connection.send(this.#replies.bare({ xid, zxid: 0, refused }));
      return;
    }
    const writer = this.#replies.begin();
    const { tree, watches, zxid } = replica;
    const refused = answerRead(opCode, reader, { connection, tree, watches, writer });
    connection.send(this.#replies.finish({ xid, zxid, refused }));
  }

  /** A server's own heartbeats, two in a tick, tell the leader whom it has heard of: of who only reads, too. */
  #tellOfLife(): void {
    const { ports, process } = this.#server;
    if (process.clock.monotonic() - this.#forwardedAt < ports.tickTimeMs / 2) return;
    this.#forward({ kind: "request", frame: PING });
  }

  #forward(item: ForwardedItem): void {
    this.#forwardedAt = this.#server.process.clock.monotonic();
    if (item.kind === "request") {
      if (this.#owed === 0) this.#heardAt = this.#forwardedAt;
      this.#owed += 1;
    }
    if (this.#unforwarded === undefined) this.#upstream?.send("forwarded", item);
    else this.#unforwarded.push(item);
  }
}
