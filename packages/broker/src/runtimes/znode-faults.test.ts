import { silentLogger } from "@zoolog/base";
import { ZnodeFaults } from "./znode-faults.ts";

function recorded() {
  const lines: string[] = [];
  const record = (message: string, fields?: object): void =>
    void lines.push(`${message} ${JSON.stringify(fields)}`);
  const logger = { ...silentLogger, error: record, info: record };
  return { lines, faults: new ZnodeFaults({ logger }) };
}

const A = { message: "znode /a: is not JSON", hint: "Mend it." };

test("a fault is logged once, told until it is over, and its end is logged", () => {
  const { lines, faults } = recorded();

  faults.report("brokers", [A]);
  faults.report("brokers", [A]);
  faults.report("topicConfigs", []);
  expect(faults.reasons).toEqual(["znode /a: is not JSON. Mend it."]);
  faults.report("brokers", []);

  expect(faults.reasons).toEqual([]);
  expect(lines).toEqual([
    `znode not understood ${JSON.stringify(A)}`,
    `znode fault is over ${JSON.stringify({ message: A.message })}`,
  ]);
});

test("of very many faults the first are told, and how many more there are", () => {
  const { faults } = recorded();

  faults.report(
    "brokenTopics",
    Array.from({ length: 25 }, (_, i) => ({ message: `znode /${i}` })),
  );

  expect(faults.reasons).toHaveLength(21);
  expect(faults.reasons.at(-1)).toContain("5 more");
});
