export { ManualTime } from "./manual-time.ts";
export { seededRandom } from "./seeded-random.ts";
