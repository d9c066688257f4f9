import { MetricRegistry } from "./metric-registry.ts";

/**
 * What the planes count; names carry their unit. What is read of the other parts at a scrape
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
    kafka: {
      durations: registry.durations(
        "zoolog_kafka_request_duration_seconds",
        "From a whole request of Kafka's protocol to the end of its answer, waiting included",
        "api",
      ),
      failures: registry.labelledCounter(
        "zoolog_kafka_failures_total",
        "Requests of Kafka's protocol answered with an error, by call and name; each name once for a request",
        ["api", "code"],
      ),
      receivedBytes: registry.counter(
        "zoolog_kafka_received_bytes_total",
        "Bytes of requests of Kafka's protocol",
      ),
      sentBytes: registry.counter(
        "zoolog_kafka_sent_bytes_total",
        "Bytes of answers of Kafka's protocol",
      ),
      connectionsRefused: registry.counter(
        "zoolog_kafka_connections_refused_total",
        "Connections closed at once because there were too many, in all or of one address",
      ),
      connectionsFailed: registry.counter(
        "zoolog_kafka_connections_failed_total",
        "Connections closed because of what came by them; the log says why",
      ),
    },
  };
}
