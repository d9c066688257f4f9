export { letHeapGrow } from "./heap-growth.ts";
export { equalInConstantTime, hmacSha256 } from "./hmac.ts";
export { nodeFileSystem } from "./node-file-system.ts";
export { nodeMachine } from "./node-machine.ts";
export { nodeNetwork } from "./node-network.ts";
export { createLogger, type LogLevel } from "./pino-logger.ts";
export { systemClock, systemScheduler } from "./system-clock.ts";
export { systemRandom } from "./system-random.ts";
