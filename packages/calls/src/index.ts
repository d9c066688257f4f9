export { BrokerCalls } from "./broker-calls.ts";
export type { AttemptOptions } from "./call-once.ts";
export { connectionFailed, connectionRefused, invalidResponse } from "./errors.ts";
export { HttpTransport, type HttpTransportOptions } from "./http-transport.ts";
export { PeerCalls } from "./peer-calls.ts";
export type { Transport, TransportRequest, TransportResponse } from "./transport.ts";
