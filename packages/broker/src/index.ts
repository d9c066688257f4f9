export { Broker } from "./broker.ts";
export type {
  BrokerApi,
  BrokerHealth,
  CallContext,
  CallHandlers,
  FetchResult,
} from "./broker-api.ts";
export { hostDependencies } from "./broker-dependencies.ts";
export { unsupportedCalls } from "./calls/call-handlers.ts";
export {
  type BrokerConfig,
  describeBrokerSettings,
  parseBrokerConfig,
  parseConfigFile,
  settingsFromEnvironment,
} from "./config/config.ts";
export type { SettingSource } from "./config/read-settings.ts";
export { describeTopicSettings } from "./config/topic-settings.ts";
export { type DevCluster, type DevClusterOptions, startDevCluster } from "./dev-cluster.ts";
export { HttpPlane, type HttpPlaneOptions } from "./http/http-plane.ts";
export { createBrokerMetrics } from "./metrics.ts";
