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
