import { spawnSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TemporaryFolder, temporaryFolder } from "@zoolog/testkit";
import { emptyGroup, run } from "../../command-line.fixture.ts";

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

const names = (kind: string, answers = emptyGroup()) =>
  run(["names", kind], answers, "", { XDG_CACHE_HOME: folder.path });

test("names come from the cluster once, and from the cache after that", async () => {
  const first = await names("topics");
  const second = await names("groups");
  const third = await names("brokers");

  expect([first.stdout, second.stdout, third.stdout]).toEqual(["orders\n", "billing\n", "1\n2\n"]);
  expect(first.brokers.requests.length).toBeGreaterThan(0);
  expect(second.brokers.requests).toEqual([]);
});

test("a broken cache file is as good as none", async () => {
  await names("topics");
  const cache = join(folder.path, "zoolog");
  for (const file of readdirSync(cache)) writeFileSync(join(cache, file), "{");

  expect(await names("topics")).toMatchObject({ code: 0, stdout: "orders\n" });
});

test("without a cluster there are no names and no words", async () => {
  const { code, stderr, stdout } = await names("topics", {});

  expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: "", stdout: "" });
});

test("scripts ask for the names that arguments and options take", async () => {
  const bash = await run(["completion", "bash"]);
  const fish = await run(["completion", "fish"]);

  expect(bash.stdout).toContain('"topic describe") words=');
  expect(bash.stdout).toMatch(/"group reset"\) words=""; kinds="groups"; options="--to-start /);
  expect(bash.stdout).toContain('"completion") words="bash zsh fish";');
  expect(bash.stdout).toMatch(/"config set"\) words="topic broker"; kinds="settings"; options="--/);
  expect(bash.stdout).toContain('--topic) COMPREPLY=($(compgen -W "$(_zoolog_names topics)"');
  expect(bash.stdout).not.toMatch(/words="[^"]*\bnames\b/);
  expect(fish.stdout).toContain("-a '(zoolog names groups 2>/dev/null)'");
});

const STUBS = `
zoolog() {
  case "$*" in
    "names topics") echo orders ;;
    "names brokers") echo 1 ;;
    "config get topic orders -o name") echo retention.ms; echo segment.bytes ;;
  esac
}
try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _zoolog; echo "\${COMPREPLY[*]}"; }
`;

test.each([
  [["config", "get", ""], "topic broker"],
  [["config", "get", "topic", ""], "orders"],
  [["config", "get", "broker", ""], "default 1"],
  [["-o", "json", "config", "set", "topic", "orders", "ret"], "retention.ms"],
  [["completion", ""], "bash zsh fish"],
  [["topic", "describe", ""], "orders"],
])("Tab behind zoolog %j offers what may stand there", async (words, offered) => {
  const { stdout: script } = await run(["completion", "bash"]);
  const typed = ["zoolog", ...words].map((word) => `'${word}'`).join(" ");

  const bash = spawnSync("bash", ["-c", `${script}${STUBS}try ${typed}`], { encoding: "utf8" });

  expect(bash.stdout.trim()).toBe(offered);
});
