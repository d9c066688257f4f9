import type { DescribeConfigsResponse } from "@zoolog/protocol";
import { sourceNumber } from "./config-numbers.ts";

type Described = DescribeConfigsResponse["resources"][number];

/** A setting as the native plane describes it. */
export type ConfigEntry = Extract<Described, { readonly configs: unknown }>["configs"][number];

/** What every call that tells settings says of one. */
export function configFields({ name, value, dynamic, source, sensitive }: ConfigEntry) {
  const flags = { readOnly: !dynamic, isSensitive: sensitive };
  return { name, value, ...flags, configSource: sourceNumber(source) };
}
