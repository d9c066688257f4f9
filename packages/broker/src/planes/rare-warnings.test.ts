import { silentLogger, ZoologError } from "@zoolog/base";
import { ManualTime } from "@zoolog/testkit";
import { RareWarnings } from "./rare-warnings.ts";

function newWarnings() {
  const time = new ManualTime();
  const lines: object[] = [];
  const note = (event: string, fields?: object) => void lines.push({ event, ...fields });
  const logger = { ...silentLogger, warn: note, error: note };
  return { warnings: new RareWarnings({ clock: time.clock, logger }), time, lines };
}

const refused = (message: string) => new ZoologError({ code: "REFUSED", message, hint: "Do not." });

test("each reason has a line of its own, also where reasons share a code", () => {
  const { warnings, lines } = newWarnings();

  for (const call of ["DescribeAcls", "AddPartitionsToTxn", "DescribeAcls"]) {
    warnings.warn("connection closed", refused(`${call} is not offered`), {});
  }
  warnings.warn("connection refused", refused("DescribeAcls is not offered"), {});

  expect(lines).toMatchObject([
    { event: "connection closed", error: "DescribeAcls is not offered" },
    { event: "connection closed", error: "AddPartitionsToTxn is not offered" },
    { event: "connection refused", error: "DescribeAcls is not offered" },
  ]);
});

test("reasons that differ in their numbers are one", () => {
  const { warnings, lines } = newWarnings();

  for (const bytes of [7, 8, 9])
    warnings.warn("closed", refused(`${bytes} bytes are too many`), {});

  expect(lines).toHaveLength(1);
});

test("a line that comes after a while counts those before it; the last ones are said at the end", () => {
  const { warnings, time, lines } = newWarnings();
  const closed = () => warnings.warn("closed", refused("no"), { listener: "KAFKA" });

  for (let count = 0; count < 3; count++) closed();
  time.advance(10_000);
  for (let count = 0; count < 5; count++) closed();
  warnings.close();
  warnings.close();

  const line = { event: "closed", error: "no", hint: "Do not.", listener: "KAFKA" };
  expect(lines).toEqual([line, { ...line, repeated: 2 }, { ...line, repeated: 4 }]);
});

test("a stranger who invents reasons gets few lines, and what was counted is said", () => {
  const { warnings, time, lines } = newWarnings();
  const letters = (count: number) => "x".repeat(count + 1);

  for (let count = 0; count < 1_000; count++) {
    warnings.warn("closed", refused(`no topic ${letters(count)}`), {});
  }
  const early = lines.length;
  time.advance(10_000);
  warnings.warn("closed", refused("another reason"), {});

  expect(early).toBe(51);
  expect(lines.slice(early)).toMatchObject([{ repeated: 949 }, { error: "another reason" }]);
});
