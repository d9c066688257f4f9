import { parseBrokerConfig } from "@zoolog/broker";
import { drawSimulationOptions } from "../run/draw-options.ts";
import { MISSING_SCENARIOS, SCENARIOS } from "./scenarios.ts";

const SEEDS = Array.from({ length: 40 }, (_, seed) => seed);
const ADDRESS = { "broker.id": 1, "data.dir": "/data", "zookeeper.connect": "zookeeper-1:2181" };

test("every row of the programme is a scenario, or it is said why there is none", () => {
  const ids = [...SCENARIOS, ...MISSING_SCENARIOS].map(({ id }) => id);
  for (let row = 1; row <= 16; row++) {
    expect(ids).toContain(`S-${String(row).padStart(2, "0")}`);
  }
  expect(new Set(ids).size).toBe(ids.length);
});

test.each(["swarm", ...SCENARIOS.map(({ id }) => id)])(
  "%s draws the same options for the same seed, which brokers accept and JSON keeps",
  (scenario) => {
    for (const seed of SEEDS) {
      const options = drawSimulationOptions(seed, { scenario });
      expect(drawSimulationOptions(seed, { scenario })).toEqual(options);
      expect(JSON.parse(JSON.stringify(options))).toEqual(options);
      const settings = { ...ADDRESS, ...options.settings };
      expect(() => parseBrokerConfig([{ from: "a test", settings }])).not.toThrow();
    }
  },
);

test("an unknown scenario is refused", () => {
  expect(() => drawSimulationOptions(1, { scenario: "S-99" })).toThrow(RangeError);
});
