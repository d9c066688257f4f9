/** Who asks a command of this repository for help gets it, and nothing else happens. */
import { spawnSync } from "node:child_process";

test.each([
  ["npm test", ["node", "scripts/run-tests.mjs"]],
  [
    "npm run golden-messages",
    [
      "node",
      "--conditions=zoolog-source",
      "--import",
      "tsx",
      "test/kafka/golden-messages/write.ts",
    ],
  ],
  ["scripts/build-base-images.sh", ["bash", "scripts/build-base-images.sh"]],
])("%s helps", (name, [program = "", ...words]) => {
  const run = spawnSync(program, [...words, "--help"], { encoding: "utf8" });

  expect(run).toMatchObject({ status: 0, stderr: "" });
  expect(run.stdout).toContain(name);
});
