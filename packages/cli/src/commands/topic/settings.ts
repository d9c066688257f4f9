import { usageError } from "../../usage-error.ts";

/** `name=value` texts of `--config`. @throws ZoologError `USAGE` */
export function settingsOf(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf("=");
      if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
      throw usageError(
        `--config takes name=value, not "${text}"`,
        "For instance -c retention.ms=86400000.",
      );
    }),
  );
}
