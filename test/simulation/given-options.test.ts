import type { SimulationOptions } from "@zoolog/testkit";
import { givenOptions } from "./given-options.ts";

const draw = (seed: number, scenario: string) =>
  ({ seed, scenario, seconds: 10, faults: ["kill"], settings: {} }) as unknown as SimulationOptions;

test("what is left out is drawn by the seed", () => {
  expect(givenOptions('{"seed": 7, "faults": []}', draw)).toEqual({
    ...draw(7, "swarm"),
    faults: [],
  });
});

test("a kept seed has its options beside its story", () => {
  const kept = { story: "lost a record", options: { seed: 3, scenario: "S-05", seconds: 4 } };

  expect(givenOptions(JSON.stringify(kept), draw)).toMatchObject(kept.options);
});

test.each([
  ["{", "--options is no JSON: "],
  ["[]", "--options has to be a JSON object"],
  ["{}", '--options: "seed" has to be a whole number from 0 to 4294967295'],
  ['{"seed": -1}', '"seed" has to be a whole number'],
  ['{"seed": 1, "scenario": 3}', '"scenario" has to be a text'],
  ['{"seed": 1, "second": 3}', 'there is no "second"; there are seed, scenario, seconds,'],
  ['{"seed": 1, "seconds": "3"}', '"seconds" has to be a number, not a string'],
  ['{"seed": 1, "faults": {}}', '"faults" has to be a list, not an object'],
])("%s is refused by a sentence that says what to do", (text, message) => {
  expect(() => givenOptions(text, draw)).toThrow(message);
});
