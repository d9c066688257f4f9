import type { BrokerEndpoint } from "@zoolog/controller";

/** Where a native plane listens. */
export type HttpAddress = { readonly host: string; readonly port: number };

/** An address, and the name that it is known by to brokers and in registrations. */
export type ListenerAddress = HttpAddress & { readonly listener: string };

/** Name of the listener under which the native plane is registered. */
export const HTTP_LISTENER = "HTTP";

/** Where a broker's native plane listens; `undefined` for one without it. */
export function httpAddressOf(endpoints: readonly BrokerEndpoint[]): HttpAddress | undefined {
  const endpoint = endpoints.find(({ listener }) => listener === HTTP_LISTENER);
  return endpoint === undefined ? undefined : { host: endpoint.host, port: endpoint.port };
}

export function urlOf({ host, port }: HttpAddress): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
