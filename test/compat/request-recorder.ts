import { TcpProxy } from "@zoolog/testkit";
import { PROBE_CLIENT_ID } from "./broker-probe.ts";

/** Longer ones hold more records, and no field that these have not. */
const REQUEST_BYTES_MAX = 2_048;

/** The client id begins behind key, version, correlation id and its own length. */
const CLIENT_ID_AT = 10;

/**
 * Stands before brokers and keeps what clients send to them, byte for byte: of each call in each
 * version the longest request, which has the most in it.
 */
export class RequestRecorder {
  readonly #proxies: TcpProxy[] = [];
  readonly #longest = new Map<string, Buffer>();

  /** Answers the port that clients are to be told in place of this one. */
  async standBefore(port: number): Promise<number> {
    const proxy = await TcpProxy.open(port, () => frameCutter((frame) => this.note(frame)));
    this.#proxies.push(proxy);
    return proxy.port;
  }

  /** @param frame without its length. */
  note(frame: Buffer): void {
    if (frame.length > REQUEST_BYTES_MAX || isOfProbe(frame)) return;
    const kind = `${frame.readInt16BE(0)} ${frame.readInt16BE(2)}`;
    const known = this.#longest.get(kind);
    if (known === undefined || known.length < frame.length) {
      this.#longest.set(kind, Buffer.from(frame));
    }
  }

  /** What has come since the last time: lines of call, version and request in hexadecimal digits. */
  take(): string[] {
    const lines = [...this.#longest].map(([kind, frame]) => `${kind} ${frame.toString("hex")}`);
    this.#longest.clear();
    return lines.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
  }

  async close(): Promise<void> {
    await Promise.all(this.#proxies.map((proxy) => proxy.close()));
  }
}

function isOfProbe(frame: Buffer): boolean {
  const end = CLIENT_ID_AT + PROBE_CLIENT_ID.length;
  return frame.toString("utf8", CLIENT_ID_AT, end) === PROBE_CLIENT_ID;
}

/** Takes what a connection sends, in whatever portions it comes; calls `note` with each frame. */
export function frameCutter(note: (frame: Buffer) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 4) {
      const end = 4 + rest.readInt32BE(0);
      if (rest.length < end) return;
      note(rest.subarray(4, end));
      rest = rest.subarray(end);
    }
  };
}
