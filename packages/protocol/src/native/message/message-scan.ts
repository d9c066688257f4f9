import type { MessageFault } from "./check-message.ts";
import { isText } from "./exact-values.ts";

/** Our deepest message has 6 levels; JSON values of records may bring some of their own. */
export const MESSAGE_DEPTH_MAX = 32;

/**
 * Values in one message, counting map keys. A decoded empty map costs some 50 bytes where its
 * encoding costs one, so this bounds memory (about 15 MB); 10,000 partitions need 100,000.
 */
export const MESSAGE_ELEMENTS_MAX = 250_000;

/**
 * The same between brokers, whose messages are about all partitions at once: 100,000 of them take 21
 * values each in a cluster image. The bound is there for damage, not for strangers.
 */
export const PEER_MESSAGE_ELEMENTS_MAX = 4_000_000;

type Malformed = Extract<MessageFault["code"], "MALFORMED_BODY">;
export type ScanFault = MessageFault & { readonly code: Malformed };

export function malformed(message: string, hint?: string): ScanFault {
  return { code: "MALFORMED_BODY", message, ...(hint === undefined ? {} : { hint }) };
}

/**
 * Walks a msgpack value without building anything, and says why it must not be decoded, or nothing
 * when it may. After it, a decoder can be trusted with the bytes: what it allocates is bounded by
 * them, it recurses at most `MESSAGE_DEPTH_MAX` deep, and every number survives as it is.
 *
 * Refused: a value cut short, bytes behind it, extension types, texts that are no UTF-8, map keys
 * that are not texts, the key `__proto__`, integers beyond 2^53 - 1, too deep, too many.
 *
 * @returns the names in all maps, or why the message is refused.
 */
export function scanMessage(
  bytes: Uint8Array,
  elementsMax = MESSAGE_ELEMENTS_MAX,
): number | ScanFault {
  return scan.run(bytes, elementsMax);
}

/** What a first byte announces: a container's `size` counts values, a text's or value's bytes. */
type Kind = "value" | "text" | "list" | "map";

const PROTO = "__proto__";

const NO_BYTES = new Uint8Array(0);

class MessageScan {
  /** Values still to come in each open container; maps count keys and values. */
  readonly #remaining = new Float64Array(MESSAGE_DEPTH_MAX + 1);
  readonly #isMap = new Uint8Array(MESSAGE_DEPTH_MAX + 1);
  #bytes: Uint8Array = NO_BYTES;
  #depth = 0;
  #position = 0;
  #elements = 0;
  #elementsMax = 0;
  #names = 0;
  #kind: Kind = "value";
  /**
   * Bytes of the payload, or values in the container. Each value takes a byte at least, so in both
   * cases a size above the bytes that are left is a lie.
   */
  #size = 0;

  run(bytes: Uint8Array, elementsMax: number): number | ScanFault {
    this.#bytes = bytes;
    this.#elementsMax = elementsMax;
    this.#depth = 0;
    this.#position = 0;
    this.#elements = 0;
    this.#names = 0;
    this.#remaining[0] = 1;
    const fault = this.#message();
    this.#bytes = NO_BYTES;
    return fault ?? this.#names;
  }

  #message(): ScanFault | undefined {
    while (this.#depth >= 0) {
      if (this.#remaining[this.#depth] === 0) {
        this.#depth -= 1;
        continue;
      }
      const fault = this.#value();
      if (fault !== undefined) return fault;
    }
    const behind = this.#bytes.length - this.#position;
    return behind === 0 ? undefined : malformed(`${behind} bytes follow the message`);
  }

  #value(): ScanFault | undefined {
    const isKey = this.#isMap[this.#depth] === 1 && (this.#remaining[this.#depth] ?? 0) % 2 === 0;
    this.#remaining[this.#depth] = (this.#remaining[this.#depth] ?? 0) - 1;
    this.#elements += 1;
    if (this.#elements > this.#elementsMax) {
      return malformed(`the message has more than ${this.#elementsMax} values`);
    }
    const start = this.#position;
    const fault = this.#token();
    if (fault !== undefined) return fault;
    if (isKey && this.#kind !== "text") {
      return malformed(`the map key at byte ${start} is not a text`);
    }
    if (this.#size > this.#bytes.length - this.#position) return cutShort();
    if (this.#kind === "list" || this.#kind === "map") return this.#open(start);
    if (isKey && this.#isProto()) return malformed("the map key __proto__ is refused");
    if (isKey) this.#names += 1;
    if (this.#kind === "text" && !isText(this.#bytes, this.#position, this.#size)) {
      return malformed(`the text at byte ${start} is not UTF-8`, "Send other bytes as a bin.");
    }
    this.#position += this.#size;
    return undefined;
  }

  #open(start: number): ScanFault | undefined {
    if (this.#depth === MESSAGE_DEPTH_MAX) {
      return malformed(`the message is nested deeper than ${MESSAGE_DEPTH_MAX} (byte ${start})`);
    }
    this.#depth += 1;
    this.#remaining[this.#depth] = this.#size;
    this.#isMap[this.#depth] = this.#kind === "map" ? 1 : 0;
    return undefined;
  }

  #isProto(): boolean {
    if (this.#size !== PROTO.length) return false;
    for (let i = 0; i < PROTO.length; i++) {
      if (this.#bytes[this.#position + i] !== PROTO.charCodeAt(i)) return false;
    }
    return true;
  }

  /** Reads a first byte and its length field; the table is that of the msgpack specification. */
  #token(): ScanFault | undefined {
    const first = this.#bytes[this.#position];
    if (first === undefined) return cutShort();
    this.#position += 1;
    if (first <= 0x7f || first >= 0xe0) return this.#is("value", 0);
    if (first <= 0x8f) return this.#is("map", (first & 0x0f) * 2);
    if (first <= 0x9f) return this.#is("list", first & 0x0f);
    if (first <= 0xbf) return this.#is("text", first & 0x1f);
    switch (first) {
      case 0xc0: // nil
      case 0xc2: // false
      case 0xc3: // true
        return this.#is("value", 0);
      case 0xc4: // bin 8, 16, 32
      case 0xc5:
      case 0xc6:
        return this.#sized("value", 1 << (first - 0xc4), 1);
      case 0xca: // float 32
        return this.#is("value", 4);
      case 0xcb: // float 64
        return this.#is("value", 8);
      case 0xcc: // uint 8, 16, 32
      case 0xcd:
      case 0xce:
        return this.#is("value", 1 << (first - 0xcc));
      case 0xd0: // int 8, 16, 32
      case 0xd1:
      case 0xd2:
        return this.#is("value", 1 << (first - 0xd0));
      case 0xcf: // uint 64
      case 0xd3: // int 64
        return this.#int64(first === 0xd3);
      case 0xd9: // str 8, 16, 32
      case 0xda:
      case 0xdb:
        return this.#sized("text", 1 << (first - 0xd9), 1);
      case 0xdc: // array 16, 32
      case 0xdd:
        return this.#sized("list", first === 0xdc ? 2 : 4, 1);
      case 0xde: // map 16, 32
      case 0xdf:
        return this.#sized("map", first === 0xde ? 2 : 4, 2);
      default:
        return malformed(
          `byte 0x${first.toString(16)} starts an extension or nothing known`,
          "Use nil, booleans, numbers, texts, bins, lists and maps only.",
        );
    }
  }

  #is(kind: Kind, size: number): undefined {
    this.#kind = kind;
    this.#size = size;
    return undefined;
  }

  /** A length field of `width` bytes, in units of `each`. */
  #sized(kind: Kind, width: number, each: number): ScanFault | undefined {
    if (width > this.#bytes.length - this.#position) return cutShort();
    const size = this.#unsigned(this.#position, width);
    this.#position += width;
    return this.#is(kind, size * each);
  }

  /** Above 2^53 - 1 a JavaScript number would silently become a neighbour. */
  #int64(signed: boolean): ScanFault | undefined {
    const at = this.#position;
    if (this.#bytes.length - at < 8) return cutShort();
    const high = this.#unsigned(at, 4);
    const low = this.#unsigned(at + 4, 4);
    const value = (signed ? high | 0 : high) * 2 ** 32 + low;
    if (Number.isSafeInteger(value)) return this.#is("value", 8);
    return malformed(
      `the integer at byte ${at - 1} is beyond 2^53 - 1`,
      "Offsets, ids and timestamps must be whole numbers up to 9007199254740991.",
    );
  }

  #unsigned(at: number, width: number): number {
    let value = 0;
    for (let i = at; i < at + width; i++) value = value * 256 + (this.#bytes[i] as number);
    return value;
  }
}

/** One for all messages: a scan runs in one go and keeps nothing. */
const scan = new MessageScan();

function cutShort(): ScanFault {
  return malformed("the message ends in the middle of a value");
}
