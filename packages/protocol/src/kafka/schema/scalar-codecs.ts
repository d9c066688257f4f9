import type { TopicId } from "@zoolog/base";
import { ERROR_CODES, type ErrorCode, errorCodeOfNumber } from "../../error-codes.ts";
import { malformedMessage } from "../../errors.ts";
import type { FieldSchema, RecordPieces, ScalarKind } from "./message-schema.ts";
import type { WireReader } from "./wire-reader.ts";
import type { WireWriter } from "./wire-writer.ts";

/** A type in one version of a message. */
export type Codec = {
  /** The fewest bytes that a value can have. */
  readonly bytesMin: number;
  readonly read: (reader: WireReader) => unknown;
  /** `undefined`, left out or none, is written as what stands for it. */
  readonly write: (writer: WireWriter, value: unknown) => void;
};

export type Encoding = { readonly version: number; readonly flexible: boolean };

export function scalarCodec(kind: ScalarKind, schema: FieldSchema, encoding: Encoding): Codec {
  switch (kind) {
    case "boolean": {
      const missing = schema.missing as boolean;
      return {
        bytesMin: 1,
        read: (reader) => reader.boolean(),
        write: (writer, value) => writer.boolean((value as boolean | undefined) ?? missing),
      };
    }
    case "error":
      return ERROR;
    case "uuid":
      return UUID;
    case "string":
      return stringCodec(schema, encoding);
    case "bytes":
    case "records":
      return bytesCodec(kind, schema, encoding);
    case "int8":
    case "int16":
    case "int32":
    case "int64":
      return numberCodec(kind, schema);
  }
}

const ERROR: Codec = {
  bytesMin: 2,
  read: (reader) => {
    const number = reader.int16();
    return number === 0 ? undefined : errorCodeOfNumber(number);
  },
  write: (writer, code) =>
    writer.int16(code === undefined ? 0 : ERROR_CODES[code as ErrorCode].number),
};

const UUID: Codec = {
  bytesMin: 16,
  read: (reader) => reader.uuid(),
  write: (writer, id) => writer.uuid(id as TopicId | undefined),
};

type NumberKind = "int8" | "int16" | "int32" | "int64";

const NUMBER_BYTES: Readonly<Record<NumberKind, number>> = {
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
};

const NUMBER_READS: Readonly<Record<NumberKind, (reader: WireReader) => number>> = {
  int8: (reader) => reader.int8(),
  int16: (reader) => reader.int16(),
  int32: (reader) => reader.int32(),
  int64: (reader) => reader.int64(),
};

function numberCodec(kind: NumberKind, { absent, missing }: FieldSchema): Codec {
  const standIn = (absent ?? missing) as number;
  const readNumber = NUMBER_READS[kind];
  return {
    bytesMin: NUMBER_BYTES[kind],
    read:
      absent === undefined
        ? readNumber
        : (reader) => {
            const value = readNumber(reader);
            return value === absent ? undefined : value;
          },
    write: (writer, value) => writer[kind]((value as number | undefined) ?? standIn),
  };
}

function stringCodec(schema: FieldSchema, encoding: Encoding): Codec {
  const length = lengthCodec("string", encoding);
  const isNullable = encoding.version >= schema.nullFrom;
  return {
    bytesMin: length.bytesMin,
    read: (reader) => {
      const bytes = length.read(reader);
      if (bytes < 0) {
        if (isNullable) return undefined;
        throw malformedMessage("a text that must be there is null");
      }
      const text = reader.text(bytes);
      return text === schema.absent ? undefined : text;
    },
    write: (writer, value) => {
      if (value === undefined && isNullable) return length.write(writer, -1);
      const text = (value as string | undefined) ?? "";
      if (encoding.flexible) writer.compactString(text);
      else writer.string(text);
    },
  };
}

function bytesCodec(kind: "bytes" | "records", schema: FieldSchema, encoding: Encoding): Codec {
  const length = lengthCodec(kind, encoding);
  const isNullable = encoding.version >= schema.nullFrom;
  return {
    bytesMin: length.bytesMin,
    read: (reader) => {
      const bytes = length.read(reader);
      if (bytes < 0) {
        if (isNullable) return undefined;
        throw malformedMessage("bytes that must be there are null");
      }
      return kind === "records" ? reader.view(bytes) : reader.copy(bytes);
    },
    write: (writer, value) => {
      if (value === undefined && isNullable) return length.write(writer, -1);
      const pieces = (value ?? []) as RecordPieces;
      length.write(writer, byteLengthOf(pieces));
      if (kind === "records") writer.records(pieces);
      else if (pieces instanceof Uint8Array) writer.bytes(pieces);
    },
  };
}

function byteLengthOf(pieces: RecordPieces): number {
  if (pieces instanceof Uint8Array) return pieces.length;
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}

/** How the length of a text, of bytes or of a list is written; −1 is null. */
export type LengthCodec = {
  readonly bytesMin: number;
  readonly read: (reader: WireReader) => number;
  readonly write: (writer: WireWriter, length: number) => void;
};

const COMPACT_LENGTH: LengthCodec = {
  bytesMin: 1,
  read: (reader) => reader.compactLength(),
  write: (writer, length) => writer.unsignedVarint(length + 1),
};

const INT16_LENGTH: LengthCodec = {
  bytesMin: 2,
  read: (reader) => reader.int16(),
  write: (writer, length) => writer.int16(length),
};

const INT32_LENGTH: LengthCodec = {
  bytesMin: 4,
  read: (reader) => reader.int32(),
  write: (writer, length) => writer.int32(length),
};

export function lengthCodec(
  kind: "string" | "bytes" | "records" | "array",
  { flexible }: Encoding,
): LengthCodec {
  if (flexible) return COMPACT_LENGTH;
  return kind === "string" ? INT16_LENGTH : INT32_LENGTH;
}
