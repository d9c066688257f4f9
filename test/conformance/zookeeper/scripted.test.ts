/** Stories told to the embedded server and to a real ZooKeeper, compared step by step. */
import { EMBEDDED_SERVER, REAL_ZOOKEEPER, type RunningBackend } from "./backends.ts";
import { SCRIPTS } from "./scripts.ts";
import { SideBySide } from "./side-by-side.ts";

// New servers for each story: some lock the tree up with ACLs on purpose.
let servers: RunningBackend[];
beforeEach(async () => {
  servers = await Promise.all([REAL_ZOOKEEPER.start(), EMBEDDED_SERVER.start()]);
});
afterEach(() => Promise.all(servers.map((server) => server.close())));

test.each(Object.entries(SCRIPTS))("%s", async (_, steps) => {
  const [real, embedded] = servers;
  const compared = new SideBySide(real!, embedded!);
  try {
    for (const step of steps) await compared.perform(step);
    await compared.survey();
  } finally {
    await compared.dispose();
  }
});
