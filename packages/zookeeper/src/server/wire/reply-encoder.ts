import { WIRE_ERROR_CODES } from "../../errors.ts";
import { JuteWriter } from "../../jute/jute-writer.ts";
import { OP_CODES } from "../../jute/op-codes.ts";
import {
  type ConnectResponse,
  type WireStat,
  writeConnectResponse,
  writeMultiHeader,
  writeStat,
} from "../../jute/records.ts";
import type { Refusal } from "../decisions/write-decisions.ts";
import {
  resultOpCode,
  type SingleWriteRequest,
  type WriteRequest,
} from "../decisions/write-request.ts";
import type { SingleChange, Transaction } from "../tree/transaction.ts";

/** length, xid, zxid, error */
const HEADER_BYTES = 4 + 4 + 8 + 4;

export type ReplyHeader = {
  readonly xid: number;
  readonly zxid: number;
  readonly refused?: Refusal | undefined;
};

/**
 * Builds frames: `begin`, write the body, `finish`. A refusal has no body: what was written of it
 * is dropped. The encoder has one scratch buffer; a frame is begun and finished in one go.
 */
export class ReplyEncoder {
  readonly #writer = new JuteWriter();

  begin(): JuteWriter {
    this.#writer.clear();
    for (let i = 0; i < HEADER_BYTES; i += 4) this.#writer.int(0);
    return this.#writer;
  }

  finish({ xid, zxid, refused }: ReplyHeader): Uint8Array {
    const writer = this.#writer;
    if (refused !== undefined) writer.truncateTo(HEADER_BYTES);
    writer.patchInt(0, writer.length - 4);
    writer.patchInt(4, xid);
    writer.patchLong(8, zxid);
    writer.patchInt(16, refused === undefined ? 0 : WIRE_ERROR_CODES[refused]);
    return writer.finish();
  }

  /** A reply that is only a header. */
  bare(header: ReplyHeader): Uint8Array {
    this.begin();
    return this.finish(header);
  }

  connectResponse(
    response: ConnectResponse,
    options: { readonly withReadOnlyFlag: boolean },
  ): Uint8Array {
    const writer = this.#writer;
    writer.clear();
    writer.int(0);
    writeConnectResponse(writer, response, options);
    writer.patchInt(0, writer.length - 4);
    return writer.finish();
  }
}

/** The body of the answer to a write that was applied. */
export function writeResult(
  writer: JuteWriter,
  request: WriteRequest,
  transaction: Transaction,
  stats: readonly (WireStat | undefined)[],
): void {
  if (request.op !== "multi") {
    writeSingleResult(writer, request, transaction as SingleChange, stats[0]);
    return;
  }
  const changes = transaction.type === "multi" ? transaction.changes : [];
  for (const [i, change] of changes.entries()) {
    const part = request.requests[i];
    if (part === undefined) continue;
    writeMultiHeader(writer, { type: resultOpCode(part), done: false, error: 0 });
    writeSingleResult(writer, part, change, stats[i]);
  }
  endMulti(writer);
}

/** A multi that failed answers for every part: fine, the fault, and never tried. */
export function writeFailedMulti(
  writer: JuteWriter,
  parts: number,
  failure: { readonly refused: Refusal; readonly part: number },
): void {
  for (let i = 0; i < parts; i++) {
    if (i < failure.part) writeErrorResult(writer, 0);
    else if (i === failure.part) writeErrorResult(writer, WIRE_ERROR_CODES[failure.refused]);
    else writeErrorResult(writer, WIRE_ERROR_CODES.RUNTIME_INCONSISTENCY);
  }
  endMulti(writer);
}

export function writeErrorResult(writer: JuteWriter, error: number): void {
  writeMultiHeader(writer, { type: OP_CODES.error, done: false, error });
  writer.int(error);
}

export function endMulti(writer: JuteWriter): void {
  writeMultiHeader(writer, { type: -1, done: true, error: -1 });
}

function writeSingleResult(
  writer: JuteWriter,
  request: SingleWriteRequest,
  change: SingleChange,
  stat: WireStat | undefined,
): void {
  if (change.type === "create") writer.string(change.path);
  const wantsStat = request.op !== "create" || request.variant !== "create";
  if (wantsStat && stat !== undefined) writeStat(writer, stat);
}
