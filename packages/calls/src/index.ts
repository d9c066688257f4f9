export { BrokerCalls } from "./broker-calls.ts";
export type { AttemptOptions } from "./call-once.ts";
export { invalidResponse } from "./errors.ts";
export { HttpTransport } from "./http-transport.ts";
export { PeerCalls } from "./peer-calls.ts";
export type { Transport, TransportRequest, TransportResponse } from "./transport.ts";
