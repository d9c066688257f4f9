import type { TopicId } from "@zoolog/base";
import { writeInt64 } from "../../big-endian.ts";
import { messageTooLarge } from "../../errors.ts";
import type { RecordPieces } from "./message-schema.ts";

/** Enough for most answers without records. */
const FIRST_CHUNK_BYTES = 512;
/** Later chunks double up to this, so that large answers are few pieces and little is left unused. */
const CHUNK_BYTES_MAX = 64 * 1024;

const STRING_BYTES_MAX = 0x7fff;
/** UTF-16 units that are at most 126 bytes of UTF-8: a compact length of one byte. */
const SHORT_TEXT_UNITS = 42;

const UUID_BYTES = 16;

/**
 * Writes Kafka's encodings into chunks that are never joined or moved, with record bytes between
 * them as they are: the pieces go to the socket in one `writev`.
 */
export class WireWriter {
  readonly #pieces: Uint8Array[] = [];
  #chunk = Buffer.allocUnsafe(FIRST_CHUNK_BYTES);
  /** Of the bytes of the chunk that are not among the pieces yet. */
  #start = 0;
  #position = 0;
  #bytesBefore = 0;

  get byteLength(): number {
    return this.#bytesBefore + this.#position - this.#start;
  }

  boolean(value: boolean): void {
    this.int8(value ? 1 : 0);
  }

  int8(value: number): void {
    const position = this.#reserve(1);
    this.#chunk.writeInt8(value, position);
  }

  int16(value: number): void {
    const position = this.#reserve(2);
    this.#chunk.writeInt16BE(value, position);
  }

  int32(value: number): void {
    const position = this.#reserve(4);
    this.#chunk.writeInt32BE(value, position);
  }

  int64(value: number): void {
    const position = this.#reserve(8);
    writeInt64(this.#chunk, value, position);
  }

  unsignedVarint(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.#byte((rest & 0x7f) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.#byte(rest);
  }

  /** @throws MESSAGE_TOO_LARGE for more than 32,767 bytes. */
  string(value: string): void {
    const length = Buffer.byteLength(value);
    if (length > STRING_BYTES_MAX) {
      const hint = "Ask with a version of the call whose texts may be longer";
      throw messageTooLarge(`a text of ${length} bytes has no place in this version`, hint);
    }
    this.int16(length);
    this.#text(value, length);
  }

  compactString(value: string): void {
    if (value.length > SHORT_TEXT_UNITS) {
      const length = Buffer.byteLength(value);
      this.unsignedVarint(length + 1);
      this.#text(value, length);
      return;
    }
    const position = this.#reserve(1 + value.length * 3);
    const length = this.#chunk.write(value, position + 1);
    this.#chunk[position] = length + 1;
    this.#position = position + 1 + length;
  }

  uuid(id: TopicId | undefined): void {
    const position = this.#reserve(UUID_BYTES);
    // Also what a shorter id would leave of the chunk's former content.
    this.#chunk.fill(0, position, position + UUID_BYTES);
    if (id !== undefined) this.#chunk.write(id, position, UUID_BYTES, "base64url");
  }

  /** Copies them. */
  bytes(bytes: Uint8Array): void {
    const position = this.#reserve(bytes.length);
    this.#chunk.set(bytes, position);
  }

  /** Takes them as they are: they may not change before the answer is sent. */
  records(records: RecordPieces): void {
    this.#endPiece();
    const pieces = records instanceof Uint8Array ? [records] : records;
    for (const piece of pieces) this.#addPiece(piece);
  }

  /** What was written, in order; nothing can be written afterwards. */
  finish(): Uint8Array[] {
    this.#endPiece();
    return this.#pieces;
  }

  #byte(value: number): void {
    const position = this.#reserve(1);
    this.#chunk[position] = value;
  }

  #text(value: string, length: number): void {
    const position = this.#reserve(length);
    this.#chunk.write(value, position, length);
  }

  /** Where `length` bytes may be written at once. */
  #reserve(length: number): number {
    if (this.#position + length > this.#chunk.length) this.#nextChunk(length);
    const position = this.#position;
    this.#position += length;
    return position;
  }

  #nextChunk(length: number): void {
    this.#endPiece();
    const doubled = Math.min(2 * this.#chunk.length, CHUNK_BYTES_MAX);
    this.#chunk = Buffer.allocUnsafe(Math.max(doubled, length));
    this.#start = 0;
    this.#position = 0;
  }

  #endPiece(): void {
    this.#addPiece(this.#chunk.subarray(this.#start, this.#position));
    this.#start = this.#position;
  }

  #addPiece(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#bytesBefore += piece.length;
    this.#pieces.push(piece);
  }
}
