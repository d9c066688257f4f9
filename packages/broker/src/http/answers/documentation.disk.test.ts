import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ERROR_CODES, NATIVE_CALLS, PEER_CALLS } from "@zoolog/protocol";
import { HTTP_STATUS } from "./error-mapping.ts";

const page = readFileSync(join(__dirname, "../../../../../docs/formats/native-plane.md"), "utf8");

/** To bring the page up to date, put what this prints on failure between the markers. */
test("the page shows the status of every error", () => {
  const codesByStatus = new Map<number, string[]>();
  for (const [code, status] of Object.entries(HTTP_STATUS)) {
    codesByStatus.set(status, [...(codesByStatus.get(status) ?? []), `\`${code}\``]);
  }
  const rows = [...codesByStatus]
    .sort(([a], [b]) => a - b)
    .map(([status, codes]) => `| ${status} | ${codes.sort().join(", ")} |`);

  const shown = page.split("<!-- status table -->\n")[1]?.split("\n\n<!-- end")[0];

  expect(shown).toBe(["| status | codes |", "| --- | --- |", ...rows].join("\n"));
});

test("the page names every call", () => {
  for (const call of Object.keys({ ...NATIVE_CALLS, ...PEER_CALLS }))
    expect(page).toContain(`| \`${call}\` |`);
});

test("a retriable error of Kafka's is never answered as the caller's fault for good", () => {
  const lasting = Object.entries(HTTP_STATUS).filter(([code, status]) => {
    const known = (ERROR_CODES as Record<string, { readonly retriable: boolean }>)[code];
    return known?.retriable === true && [400, 403, 413, 416].includes(status);
  });

  // Kafka retries what was damaged on the way; the body itself was the caller's.
  expect(lasting.map(([code]) => code)).toEqual(["CORRUPT_MESSAGE"]);
});
