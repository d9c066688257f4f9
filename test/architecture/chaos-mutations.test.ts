import { join } from "node:path";
import { mutatedText } from "../chaos/mutated-build.ts";
import { MUTATIONS } from "../chaos/mutations.ts";

const PACKAGES = join(__dirname, "../../packages");

test.each(MUTATIONS)("$name is a change of the code as it is built now", ({ code }) => {
  for (const mutation of code) expect(() => mutatedText(PACKAGES, mutation)).not.toThrow();
});
