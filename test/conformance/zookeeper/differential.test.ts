/**
 * The same random steps against the embedded server and a real ZooKeeper, one after the other in
 * both, everything seen compared: replies, codes, stats, the order of zxids, watch events and their
 * place among the replies, and the whole tree every so often.
 *
 * `FC_SEED=<seed>` repeats a run; `ZOOKEEPER_STEPS=100000` makes it a long one.
 */
import { seededRandom } from "@zoolog/testkit";
import { EMBEDDED_SERVER, REAL_ZOOKEEPER, type RunningBackend } from "./backends.ts";
import { openingSteps, RandomSteps } from "./random-steps.ts";
import { SideBySide } from "./side-by-side.ts";

const STEPS = Number(process.env["ZOOKEEPER_STEPS"] ?? 8_500);
/** Some steps are several calls at once. */
const CALLS_PER_STEP_MIN = 1.2;
const STEPS_PER_SURVEY = 200;
const SURVEYS_PER_EXPIRY = 10;
/** Far more than a step takes on a busy machine. */
const STEP_MS_MAX = 50;

let real: RunningBackend;
let embedded: RunningBackend;
beforeAll(async () => {
  [real, embedded] = await Promise.all([REAL_ZOOKEEPER.start(), EMBEDDED_SERVER.start()]);
});
afterAll(() => Promise.all([real.close(), embedded.close()]));

test(
  "no client can tell the embedded server from a real one by random calls",
  async () => {
    const seed = Number(process.env["FC_SEED"] ?? Date.now() % 1_000_000_007);
    const steps = new RandomSteps(seededRandom(seed));
    const servers = new SideBySide(real, embedded);
    try {
      for (const step of openingSteps()) await servers.perform(step);
      for (let done = 0; done < STEPS; done += STEPS_PER_SURVEY) {
        steps.surveyed(await servers.survey());
        for (let i = 0; i < STEPS_PER_SURVEY; i++) await servers.perform(steps.next());
        const isExpiry = (done / STEPS_PER_SURVEY) % SURVEYS_PER_EXPIRY === 0;
        for (const step of steps.shortLife(isExpiry ? "expire" : "close")) {
          await servers.perform(step);
        }
      }
      await servers.survey();
    } catch (error) {
      throw new Error(`FC_SEED=${seed}: ${String(error)}`);
    } finally {
      await servers.dispose();
    }
    expect(servers.calls).toBeGreaterThanOrEqual(STEPS * CALLS_PER_STEP_MIN);
  },
  60_000 + STEPS * STEP_MS_MAX,
);
