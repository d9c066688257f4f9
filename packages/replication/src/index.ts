export {
  effectiveMinInsyncReplicas,
  type HighWatermarkInput,
  nextHighWatermark,
} from "./high-watermark.ts";
export { type ParkedOperation, type ParkOutcome, Purgatory } from "./purgatory.ts";
