import { existsSync } from "node:fs";
import { join } from "node:path";
import { GROUP_MUTATIONS } from "../chaos/groups/group-mutations.ts";
import { mutatedText } from "../chaos/mutated-build.ts";
import { MUTATIONS } from "../chaos/mutations.ts";
import { CANARIES } from "../simulation/canaries/canaries.ts";

const PACKAGES = join(__dirname, "../../packages");

test.each([...MUTATIONS, ...GROUP_MUTATIONS, ...CANARIES])(
  "$name is a change of the code as it is built now",
  ({ code }) => {
    for (const mutation of code) {
      // A build leaves the output of a source that has moved where it was: nobody runs that one.
      const source = mutation.file.replace("/dist/", "/src/").replace(/\.js$/, ".ts");
      expect({ source, exists: existsSync(join(PACKAGES, source)) }).toEqual({
        source,
        exists: true,
      });
      expect(() => mutatedText(PACKAGES, mutation)).not.toThrow();
    }
  },
);
