import { ZoologError } from "@zoolog/base";
import type { CommandContext } from "../context.ts";
import { usageError } from "../usage-error.ts";
import { confirm } from "./confirm.ts";

/**
 * Asks before something that cannot be undone.
 *
 * @throws ZoologError `USAGE` where nobody can be asked, `CANCELLED` for any answer but yes.
 */
export async function requireConsent(
  { terminal }: CommandContext,
  about: {
    /** What would be lost, as the subject of "and nobody can be asked here". */
    readonly loss: string;
    /** What the person should see before the question, or before deciding on --yes. */
    readonly facts: readonly string[];
    readonly question: string;
    readonly nothingDone: string;
  },
): Promise<void> {
  for (const fact of about.facts) terminal.talk(fact);
  if (!terminal.asksPeople) {
    throw usageError(
      `${about.loss} and nobody can be asked here`,
      "Add --yes when that is what you want.",
    );
  }
  if (!(await confirm(terminal, about.question))) {
    throw new ZoologError({ code: "CANCELLED", message: about.nothingDone });
  }
}
