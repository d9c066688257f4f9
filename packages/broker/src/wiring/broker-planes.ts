import type { OpenPlane } from "../broker-dependencies.ts";
import type { BrokerConfig } from "../config/config.ts";
import type { HttpPlaneDependencies } from "../http/plane-parts.ts";
import { kafkaHandlers } from "../kafka/handlers/kafka-handlers.ts";
import { KafkaPlane, type KafkaPlaneDependencies } from "../kafka/kafka-plane.ts";
import { ByteBudget } from "../planes/byte-budget.ts";
import { largeRequestBudget } from "../planes/large-requests.ts";
import { type Plane, Planes } from "../planes/plane.ts";
import { httpPlaneOptions, kafkaPlaneOptions } from "./part-options.ts";

type PlaneDependencies = Omit<HttpPlaneDependencies, "budgets"> &
  Pick<KafkaPlaneDependencies, "network"> & { readonly openPlane: OpenPlane };

/** How the native plane is opened. HTTP is a third of what a broker loads: to be begun early. */
export async function loadNativePlane({
  openPlane,
}: {
  readonly openPlane?: OpenPlane | undefined;
}): Promise<OpenPlane> {
  if (openPlane !== undefined) return openPlane;
  const { HttpPlane } = await import("../http/http-plane.ts");
  return (options, parts) => new HttpPlane(options, parts);
}

/** HTTP, and Kafka's protocol where it is enabled: over one broker, with one budget for clients. */
export function makePlanes(config: BrokerConfig, dependencies: PlaneDependencies): Plane {
  const { openPlane, api } = dependencies;
  const http = httpPlaneOptions(config);
  const budgets = {
    clients: new ByteBudget({ bytesMax: config.queuedMaxRequestBytes }),
    largeRequests: largeRequestBudget({
      requestBytesMax: config.socketRequestMaxBytes,
      inFlightBytesMax: config.queuedMaxRequestBytes,
    }),
    brokers: new ByteBudget({ bytesMax: http.limits.peerInFlightBytesMax }),
  };
  const shared = { ...dependencies, budgets };
  const planes = [openPlane(http, shared)];
  if (config.kafkaEnabled) {
    const handlers = kafkaHandlers({ api });
    planes.push(new KafkaPlane(kafkaPlaneOptions(config), { ...shared, handlers }));
  }
  return new Planes(planes);
}
