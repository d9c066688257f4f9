/** Words and numbers that YAML would read as something else, and signs that mean something to it. */
const NEEDS_QUOTES =
  /^$|^[\s\-?:,[\]{}#&*!|>'"%@`~=]|: |:$| #|\s$|[\p{Cc}\u2028\u2029\ufeff]|^(?:true|false|null|yes|no|on|off|y|n|[-+.\d].*|\.(?:inf|nan))$/iu;

/**
 * A JSON value as YAML 1.2 in block style. Texts are plain where every reader takes them for texts,
 * and in JSON's quotes otherwise.
 */
export function yamlLines(value: unknown): string[] {
  const json: unknown = JSON.parse(JSON.stringify(value ?? null));
  return isBlock(json) ? blockLines(json) : [scalar(json)];
}

type Block = readonly unknown[] | Readonly<Record<string, unknown>>;

function isBlock(value: unknown): value is Block {
  return typeof value === "object" && value !== null && Object.keys(value).length > 0;
}

function blockLines(block: Block): string[] {
  if (Array.isArray(block)) {
    return block.flatMap((item: unknown) => {
      if (!isBlock(item)) return [`- ${scalar(item)}`];
      const [first = "", ...rest] = blockLines(item);
      return [`- ${first}`, ...rest.map((line) => `  ${line}`)];
    });
  }
  return Object.entries(block).flatMap(([name, item]) => {
    const key = scalar(name);
    if (!isBlock(item)) return [`${key}: ${scalar(item)}`];
    return [`${key}:`, ...blockLines(item).map((line) => `  ${line}`)];
  });
}

function scalar(value: unknown): string {
  if (typeof value === "string") return NEEDS_QUOTES.test(value) ? JSON.stringify(value) : value;
  if (Array.isArray(value)) return "[]";
  return typeof value === "object" && value !== null ? "{}" : String(value);
}
