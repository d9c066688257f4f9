import type { ColourChoice } from "./output/colour.ts";
import type { OutputFormat } from "./output/output.ts";

/** Options that every command has. */
export type GlobalOptions = {
  readonly bootstrap?: readonly string[];
  readonly output: OutputFormat;
  /** How long calls that answer once may take, ms. */
  readonly timeout: number;
  /** Somebody asked for it; otherwise what is patient by nature stays so. */
  readonly isTimeoutGiven: boolean;
  readonly color: ColourChoice;
  readonly debug: boolean;
};

export const DEFAULT_BOOTSTRAP = "http://127.0.0.1:8092";
