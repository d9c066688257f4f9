import { MetricRegistry } from "./metric-registry.ts";

/**
 * What the HTTP plane counts; names carry their unit. What is read of the other parts at a scrape
 * is in `replica-metrics.ts`.
 */
export type BrokerMetrics = ReturnType<typeof createBrokerMetrics>;

export function createBrokerMetrics() {
  const registry = new MetricRegistry();
  return {
    registry,
    http: {
      calls: registry.labelledCounter(
        "zoolog_http_calls_total",
        "Calls answered, by route, method and status",
        ["route", "method", "status"],
      ),
      durations: registry.durations(
        "zoolog_http_call_duration_seconds",
        "From the headers of a call to the end of its answer, waiting included",
        "route",
      ),
      failures: registry.labelledCounter(
        "zoolog_http_failures_total",
        "Calls answered with an error, by its name",
        ["code"],
      ),
      receivedBytes: registry.counter(
        "zoolog_http_received_bytes_total",
        "Bytes of request bodies",
      ),
      connectionsDropped: registry.counter(
        "zoolog_http_connections_dropped_total",
        "Connections closed at once because there were too many",
      ),
    },
  };
}
