import type { ConfigRules } from "@zoolog/controller";
import { judgeConfigs } from "./stored-configs.ts";

const rules: ConfigRules = {
  fault: (_resource, name, value) => {
    if (name === "unknown") return "unknown setting";
    return value === "junk" ? `${name} cannot be junk` : undefined;
  },
  listDefault: () => undefined,
};

const judge = (overrides: Record<string, string>, before?: Record<string, string>) =>
  judgeConfigs("topic", [{ name: "t", overrides }], { rules, known: () => before });

test("a value that makes no sense leaves the one before, and is named", () => {
  const { configs, faults } = judge({ a: "junk", b: "2" }, { a: "1" });

  expect(configs).toEqual([{ name: "t", overrides: { a: "1", b: "2" } }]);
  expect(faults.map(({ message }) => message)).toEqual([
    "znode /config/topics/t: a cannot be junk",
  ]);
});

test("without one before there is no override", () => {
  expect(judge({ a: "junk" }).configs).toEqual([{ name: "t", overrides: {} }]);
});

test("a name that nobody knows stays as it is, and is named", () => {
  const { configs, faults } = judge({ unknown: "1" });

  expect(configs).toEqual([{ name: "t", overrides: { unknown: "1" } }]);
  expect(faults).toHaveLength(1);
});
