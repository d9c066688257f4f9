/** Questions, as a whole command line before a person. */
import { PassThrough } from "node:stream";
import { ScriptedAnswers } from "@zoolog/testkit";
import { emptyGroup } from "../command-line.fixture.ts";
import { runCommandLine } from "../main.ts";
import { Terminal } from "../terminal.ts";

type Person = {
  readonly type: (text: string) => void;
  readonly leave: () => void;
  readonly interrupt: () => void;
};

/** Deletes a group before a person who does this once asked. */
async function asked(does: (person: Person) => void) {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const stderr = Object.assign(new PassThrough(), { isTTY: true });
  let interrupt = (): void => {};
  let said = "";
  const terminal = new Terminal({
    stdin,
    stdout: new PassThrough(),
    stderr,
    env: { ZOOLOG_BOOTSTRAP: "http://broker:8001", NO_COLOR: "1" },
    onInterrupt: (listener) => {
      interrupt = listener;
      return () => {};
    },
  });
  stderr.on("data", (chunk) => {
    said += String(chunk);
    if (!String(chunk).endsWith("[y/N] ")) return;
    does({ type: (text) => stdin.write(text), leave: () => stdin.end(), interrupt });
  });
  const brokers = new ScriptedAnswers(emptyGroup());
  const code = await runCommandLine(["group", "delete", "billing"], terminal, {
    transport: brokers,
  });
  const isDeleted = brokers.requests.some(({ call }) => call === "delete-groups");
  return { code, said, isDeleted };
}

test.each<[string, (person: Person) => void, number]>([
  ["n", ({ type }) => type("n\n"), 1],
  ["Enter alone", ({ type }) => type("\n"), 1],
  ["the end of the input", ({ leave }) => leave(), 1],
  ["Ctrl-C", ({ interrupt }) => interrupt(), 130],
])("%s is no consent: nothing is done, and that is said", async (_, does, exitCode) => {
  const { code, isDeleted, said } = await asked(does);

  expect({ code, isDeleted }).toEqual({ code: exitCode, isDeleted: false });
  expect(said).toContain("Delete billing? [y/N] ");
  expect(said).toMatch(/\nerror: nothing was deleted\n$|\[y\/N\] error: nothing was deleted\n$/);
});

test("yes is consent", async () => {
  const { code, isDeleted } = await asked(({ type }) => type("yes\n"));

  expect({ code, isDeleted }).toEqual({ code: 0, isDeleted: true });
});
