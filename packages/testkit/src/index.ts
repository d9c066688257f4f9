export { ManualTime } from "./manual-time.ts";
