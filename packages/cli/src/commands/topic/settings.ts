import { usageError } from "../../usage-error.ts";

/** `name=value` texts of `--config` and `config set`. @throws ZoologError `USAGE` */
export function settingsOf(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf("=");
      if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
      throw usageError(
        `a setting takes name=value, not "${text}"`,
        "For instance retention.ms=86400000.",
      );
    }),
  );
}
