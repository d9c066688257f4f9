export type ColourChoice = "auto" | "always" | "never";

export type Colours = {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
};

const plain = (text: string): string => text;
const painted =
  (open: number, close: number) =>
  (text: string): string =>
    `\u001b[${open}m${text}\u001b[${close}m`;

const NONE: Colours = { bold: plain, dim: plain, red: plain, green: plain, yellow: plain };
const ANSI: Colours = {
  bold: painted(1, 22),
  dim: painted(2, 22),
  red: painted(31, 39),
  green: painted(32, 39),
  yellow: painted(33, 39),
};

/** Colour on a terminal, unless `NO_COLOR` (no-color.org) or the caller says otherwise. */
export function coloursFor(
  choice: ColourChoice,
  stream: { readonly isTty: boolean },
  env: Readonly<Record<string, string | undefined>>,
): Colours {
  if (choice === "always") return ANSI;
  const wanted = (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
  return choice === "auto" && stream.isTty && wanted ? ANSI : NONE;
}
