export { Broker } from "./broker.ts";
export type {
  BrokerApi,
  BrokerHealth,
  CallContext,
  FetchResult,
  FetchResultPartition,
} from "./broker-api.ts";
export {
  type BrokerDependencies,
  type HostDependencies,
  hostDependencies,
} from "./broker-dependencies.ts";
export {
  type BrokerConfig,
  describeBrokerSettings,
  parseBrokerConfig,
  parseConfigFile,
  type SettingDescription,
  settingsFromEnvironment,
} from "./config/config.ts";
export type { SettingSource } from "./config/read-settings.ts";
export { describeTopicSettings } from "./config/topic-settings.ts";
export { type DevCluster, type DevClusterOptions, startDevCluster } from "./dev-cluster.ts";
export {
  type HttpAddress,
  HttpPlane,
  type HttpPlaneOptions,
} from "./http/http-plane.ts";
export type { HttpPlaneDependencies } from "./http/plane-parts.ts";
export { type BrokerMetrics, createBrokerMetrics } from "./metrics.ts";
