/** As Java writes an address whose host has no name: Kafka's tools expect it. */
export function clientHostOf({ clientHost }: { readonly clientHost: string }): string {
  return `/${clientHost}`;
}
