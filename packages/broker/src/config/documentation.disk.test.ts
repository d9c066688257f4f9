import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describeBrokerSettings, type SettingDescription } from "./config.ts";
import { describeTopicSettings } from "./topic-settings.ts";

const PAGE = join(__dirname, "../../../../docs/configuration.md");

const row = ({ name, takes, byDefault, changes, about }: SettingDescription): string =>
  `| \`${name}\` | ${takes} | ${byDefault} | ${changes} | ${about} |`;

/** To bring the page up to date, put what this prints on failure between the markers. */
test.each([
  ["broker", describeBrokerSettings()],
  ["topic", describeTopicSettings()],
])("the page documents every %s setting, its default and its reason", (table, settings) => {
  const page = readFileSync(PAGE, "utf8");

  const shown = page.split(`<!-- ${table} settings -->\n`)[1] ?? "";

  expect(shown.split("\n\n")[0]).toBe(
    [
      "| setting | takes | default | changed | about |",
      "| --- | --- | --- | --- | --- |",
      ...settings.map(row),
    ].join("\n"),
  );
});
