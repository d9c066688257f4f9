/**
 * Runs testdata/*.txt: each paragraph is a command, and below `----` what the controller decided.
 * ZOOLOG_REWRITE_SCRIPTS=1 writes down what it decides now: commit that only if you understand it.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ControllerScript } from "@zoolog/testkit";

const FOLDER = join(__dirname, "..", "testdata");
const REWRITE = process.env["ZOOLOG_REWRITE_SCRIPTS"] === "1";

function run(text: string): string {
  const script = new ControllerScript();
  return text
    .trimEnd()
    .split("\n\n")
    .map((paragraph) => {
      const [input = ""] = paragraph.split("\n----");
      const lines = input.split("\n");
      const command = lines.filter((line) => !line.startsWith("#")).join("\n");
      return command === "" ? input : `${input}\n----\n${script.run(command)}`;
    })
    .join("\n\n")
    .concat("\n");
}

test.each(readdirSync(FOLDER))("%s", (name) => {
  const expected = readFileSync(join(FOLDER, name), "utf8");

  const actual = run(expected);

  if (REWRITE) writeFileSync(join(FOLDER, name), actual);
  else expect(actual).toBe(expected);
});
