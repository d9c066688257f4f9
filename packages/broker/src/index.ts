export type {
  BrokerApi,
  BrokerHealth,
  CallContext,
  FetchResult,
  FetchResultPartition,
} from "./broker-api.ts";
export {
  type BrokerConfig,
  describeBrokerSettings,
  parseBrokerConfig,
  parseConfigFile,
  type SettingDescription,
  settingsFromEnvironment,
} from "./config/config.ts";
export type { SettingSource } from "./config/read-settings.ts";
export {
  type HttpAddress,
  HttpPlane,
  type HttpPlaneOptions,
} from "./http/http-plane.ts";
export type { HttpPlaneDependencies } from "./http/plane-parts.ts";
export { type BrokerMetrics, createBrokerMetrics } from "./metrics.ts";
