import type { SimulationOptions } from "@zoolog/testkit";
import { SEED_MAX } from "../command-line.ts";
import { SWARM } from "./options.ts";

/**
 * Options as somebody wrote them or a failure printed them. What is left out is drawn by their seed,
 * so that `{"seed": 7, "faults": ["kill"]}` is enough. A file of a kept seed has them as `options`,
 * beside its story.
 *
 * @throws RangeError for what is no JSON, for names that are not known and for values of another kind.
 */
export function givenOptions(
  text: string,
  draw: (seed: number, scenario: string) => SimulationOptions,
): SimulationOptions {
  const parsed = objectOf(text);
  const given = isObject(parsed["options"]) ? parsed["options"] : parsed;
  const { seed, scenario = SWARM } = given;
  if (!Number.isSafeInteger(seed) || Number(seed) < 0 || Number(seed) > SEED_MAX) {
    throw new RangeError(`--options: "seed" has to be a whole number from 0 to ${SEED_MAX}`);
  }
  if (typeof scenario !== "string") throw new RangeError('--options: "scenario" has to be a text');
  const drawn = draw(Number(seed), scenario);
  for (const [name, value] of Object.entries(given)) {
    const known = drawn[name as keyof SimulationOptions];
    if (known === undefined) {
      const all = Object.keys(drawn).join(", ");
      throw new RangeError(`--options: there is no "${name}"; there are ${all}`);
    }
    if (kindOf(value) !== kindOf(known)) {
      throw new RangeError(`--options: "${name}" has to be ${kindOf(known)}, not ${kindOf(value)}`);
    }
  }
  return { ...drawn, ...given };
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (isObject(parsed)) return parsed;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new RangeError(`--options is no JSON: ${why}`);
  }
  throw new RangeError("--options has to be a JSON object, as a failure prints it");
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return kindOf(value) === "an object";
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (value === null) return "null";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
