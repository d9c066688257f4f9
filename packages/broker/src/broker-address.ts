import type { BrokerEndpoint } from "@zoolog/controller";

/** Where a native plane listens. */
export type HttpAddress = { readonly host: string; readonly port: number };

/** An address, and the name that it is known by to brokers and in registrations. */
export type ListenerAddress = HttpAddress & { readonly listener: string };

/** Name of the listener under which the native plane is registered. */
export const HTTP_LISTENER = "HTTP";

/** Name of the first listener of Kafka's protocol. */
export const KAFKA_LISTENER = "KAFKA";

/** Where a broker's native plane listens; `undefined` for one without it. */
export function httpAddressOf(endpoints: readonly BrokerEndpoint[]): HttpAddress | undefined {
  return addressBy(HTTP_LISTENER, endpoints);
}

/** Where a broker can be reached by this listener; `undefined` for one without it. */
export function addressBy(
  name: string,
  endpoints: readonly BrokerEndpoint[],
): HttpAddress | undefined {
  const endpoint = endpoints.find(({ listener }) => listener === name);
  return endpoint === undefined ? undefined : { host: endpoint.host, port: endpoint.port };
}

export function urlOf(address: HttpAddress): string {
  return `http://${hostAndPort(address)}`;
}

export function hostAndPort({ host, port }: HttpAddress): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
