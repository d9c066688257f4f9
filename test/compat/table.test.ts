import type { CheckResult } from "./check.ts";
import { KAFKA_TOOLS_NAME } from "./kafka-tools/try-tools.ts";
import { compatibilityTable } from "./table.ts";

function seen(check: string, ok: boolean | null, more: Partial<CheckResult> = {}): CheckResult {
  return { client: "kcat", version: "1.7.1", check, ok, detail: "", ...more };
}

test("each client is a row, and all its codecs are one cell", () => {
  const other = { client: "kafkajs", version: "2.2.4" };
  const page = compatibilityTable([
    ...[seen("produce none", true), seen("produce gzip", true), seen("assign", true)],
    ...[seen("produce none", true, other), seen("produce gzip", null, other)],
    seen("assign", null, { ...other, detail: "has no assign" }),
  ]);

  expect(page).toContain("| client | produces, reads | assign |\n| --- | --- | --- |\n");
  expect(page).toContain("| kcat 1.7.1 | none, gzip | yes |\n");
  expect(page).toContain("| kafkajs 2.2.4 | none | – |\n");
});

test("what failed stands out, in the table and below it", () => {
  const page = compatibilityTable([
    seen("produce none", true),
    seen("produce zstd", false, { detail: "a  batch\nis gone" }),
    seen("assign", false, { detail: "no record" }),
  ]);

  expect(page).toContain("| kcat 1.7.1 | none, **not zstd** | **no** |\n");
  expect(page).toContain("- kcat 1.7.1: a batch is gone (produce zstd)\n");
  expect(page).toContain("- kcat 1.7.1: no record (assign)\n");
});

test("checks that were not tried for one reason share a line", () => {
  const page = compatibilityTable([
    seen("committed offsets", null, { detail: "has no committed" }),
    seen("delete records", null, { detail: "has no delete-records" }),
  ]);

  expect(page).toContain("- kcat 1.7.1: has no call for it (committed offsets; delete records)\n");
});

test("Kafka's tools have a table of their own, with a column for each version", () => {
  const tools = { client: KAFKA_TOOLS_NAME };
  const page = compatibilityTable([
    seen("kafka-topics", true, { ...tools, version: "3.9.2" }),
    seen("kafka-topics", false, { ...tools, version: "4.3.1", detail: "it hangs" }),
  ]);

  expect(page).toContain("| tool | 3.9.2 | 4.3.1 |\n| --- | --- | --- |\n");
  expect(page).toContain("| kafka-topics | yes | **no** |\n");
});

test("where everything works nothing is listed", () => {
  expect(compatibilityTable([seen("assign", true)])).toMatch(/not working\n\nNothing\.\n$/);
});
