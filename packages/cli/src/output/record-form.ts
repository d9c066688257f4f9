import { usageError } from "../usage-error.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { csvLines } from "./csv.ts";
import { isForPeople, type OutputFormat } from "./output.ts";
import { envelopeOf, type RecordEnvelope } from "./record-envelope.ts";
import { type FormattedRecord, parseRecordFormat } from "./record-format.ts";

/** How records are written one behind the other, and what closes the document that they make. */
export type RecordForm = {
  readonly record: (record: FormattedRecord, out: ByteWriter) => void;
  readonly end: (out: ByteWriter) => void;
};

const VALUE_LINES = "%s\\n";

/** @throws ZoologError `USAGE` for a format language beside a form for programs. */
export function recordForm(output: OutputFormat, format: string | undefined): RecordForm {
  if (format !== undefined && !isForPeople(output)) {
    throw usageError("--format and --output json or ndjson exclude each other");
  }
  const nothing = (): void => {};
  let records = 0;
  switch (output) {
    case "table":
    case "wide":
      return { record: parseRecordFormat(format ?? VALUE_LINES), end: nothing };
    case "name":
      return { record: parseRecordFormat("%t-%p@%o\\n"), end: nothing };
    case "ndjson":
      return { record: (record, out) => out.text(`${json(record)}\n`), end: nothing };
    case "json":
      return {
        record: (record, out) => out.text(`${records++ === 0 ? "[" : ","}\n${json(record)}`),
        // One document: it ends even when it was interrupted.
        end: (out) => out.text(records === 0 ? "[]\n" : "\n]\n"),
      };
    case "yaml":
      return {
        // JSON is YAML, and a record on one line can be searched for.
        record: (record, out) => {
          records += 1;
          out.text(`- ${json(record)}\n`);
        },
        end: (out) => out.text(records === 0 ? "[]\n" : ""),
      };
    case "csv":
      return {
        record: (record, out) => {
          const lines = csvLines([csvRow(envelopeOf(record))]);
          out.text(`${(records++ === 0 ? lines : lines.slice(1)).join("\n")}\n`);
        },
        end: nothing,
      };
  }
}

function json(record: FormattedRecord): string {
  return JSON.stringify(envelopeOf(record));
}

/** The same cells for each record. */
function csvRow(record: RecordEnvelope) {
  const { headers, key, offset, partition, timestamp, topic, value } = record;
  return {
    topic,
    partition,
    offset,
    timestamp: timestamp ?? null,
    key,
    value,
    headers: headers.length === 0 ? null : headers,
  };
}
