import type { ListenerAddress } from "../broker-address.ts";

/** Where calls of one protocol come in. Each plane decodes, calls `BrokerApi` and encodes. */
export interface Plane {
  /** Binds and serves; answers where. */
  listen(): Promise<readonly ListenerAddress[]>;
  /** Answers what is under way, then refuses. Idempotent. */
  close(): Promise<void>;
}

/** The planes of one broker: they listen in their order, and close at the same time. */
export class Planes implements Plane {
  readonly #planes: readonly Plane[];

  constructor(planes: readonly Plane[]) {
    this.#planes = planes;
  }

  async listen(): Promise<readonly ListenerAddress[]> {
    const addresses: ListenerAddress[] = [];
    for (const plane of this.#planes) addresses.push(...(await plane.listen()));
    return addresses;
  }

  /** One that fails does not keep the others open. */
  async close(): Promise<void> {
    const closed = await Promise.allSettled(this.#planes.map((plane) => plane.close()));
    for (const outcome of closed) if (outcome.status === "rejected") throw outcome.reason;
  }
}
