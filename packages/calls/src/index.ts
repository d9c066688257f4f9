export { type AttemptOptions, BrokerCalls } from "./broker-calls.ts";
export { connectionFailed, connectionRefused, invalidResponse } from "./errors.ts";
export { HttpTransport, type HttpTransportOptions } from "./http-transport.ts";
export type { Transport, TransportRequest, TransportResponse } from "./transport.ts";
