export { Broker } from "./broker.ts";
export type {
  BrokerApi,
  BrokerHealth,
  CallContext,
  CallHandlers,
  FetchResult,
} from "./broker-api.ts";
export {
  type BrokerDependencies,
  hostDependencies,
  type OpenPlane,
} from "./broker-dependencies.ts";
export { unsupportedCalls } from "./calls/call-handlers.ts";
export { callTable, peerCallTable, waitsForNews } from "./calls/call-tables.ts";
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
export { errorBodyOf, HTTP_STATUS } from "./http/answers/error-mapping.ts";
export { brokersOnly } from "./http/errors.ts";
export type { HttpPlaneDependencies } from "./http/plane-parts.ts";
export { createBrokerMetrics } from "./metrics.ts";
export type { PeerContext } from "./peer-api.ts";
export type { Plane } from "./planes/plane.ts";
