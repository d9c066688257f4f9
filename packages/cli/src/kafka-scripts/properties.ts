import { usageError } from "../usage-error.ts";

/** `name=value` texts; a comma cannot part several, as values may have one. @throws ZoologError `USAGE` */
export function propertiesOf<const Names extends readonly string[]>(
  script: string,
  texts: readonly string[],
  names: Names,
): { readonly [Name in Names[number]]?: string } {
  const properties: Record<string, string> = {};
  for (const text of texts) {
    const at = text.indexOf("=");
    const name = at < 0 ? text : text.slice(0, at);
    if (!names.includes(name)) {
      throw usageError(
        `${script} does not support the property ${name}`,
        `Supported: ${names.join(", ")}.`,
      );
    }
    if (at < 0) throw usageError(`the property ${name} has no value`, `Write ${name}=VALUE.`);
    properties[name] = text.slice(at + 1);
  }
  return properties as { readonly [Name in Names[number]]?: string };
}
