/** Where a broker can be reached, by the name of each listener. */
export type Endpoints = readonly {
  readonly listener: string;
  readonly host: string;
  readonly port: number;
}[];

/** Listener of the native plane; all others speak Kafka's protocol. */
const HTTP = "HTTP";
/** The first of them, at `kafka.port`; the others are named in `kafka.listeners`. */
export const FIRST_LISTENER = "KAFKA";

/** The names by which Kafka clients can reach a broker. */
export function kafkaListenersOf(endpoints: Endpoints): readonly string[] {
  return kafkaEndpointsOf(endpoints).map(({ listener }) => listener);
}

export function kafkaEndpointsOf(endpoints: Endpoints): Endpoints {
  return endpoints.filter(({ listener }) => listener !== HTTP);
}

/** For the bootstrap of Kafka clients; more listeners by name. `undefined`: none, or not known. */
export function kafkaAddressOf(broker: { readonly endpoints?: Endpoints }): string | undefined {
  const kafka = kafkaEndpointsOf(broker.endpoints ?? []);
  if (kafka.length === 0) return undefined;
  return kafka
    .map(({ listener, host, port }) => {
      const address = `${host.includes(":") ? `[${host}]` : host}:${port}`;
      return listener === FIRST_LISTENER ? address : `${listener}://${address}`;
    })
    .join(",");
}
