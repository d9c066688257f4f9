import type { ZooKeeperEnsemble } from "@zoolog/testkit";
import type { ChaosBroker } from "../chaos-broker.ts";
import type { Ground } from "../chaos-cluster.ts";
import { LinkProxy } from "../injectors/link-proxy.ts";

/** Each broker is reached through a link of its own, and reaches each server through one. */
export class LinkedBrokers implements Ground {
  readonly #toBroker = new Map<number, LinkProxy>();
  readonly #toServers = new Map<number, readonly LinkProxy[]>();

  async layBrokers(parts: {
    readonly brokers: readonly ChaosBroker[];
    readonly ensemble: ZooKeeperEnsemble;
  }): Promise<void> {
    const { brokers, ensemble } = parts;
    for (const broker of brokers) {
      const link = await LinkProxy.open({ host: "127.0.0.1", port: broker.port });
      const servers = await Promise.all(
        Array.from({ length: ensemble.size }, (_, server) =>
          LinkProxy.open({ host: "127.0.0.1", port: ensemble.port(server) }),
        ),
      );
      this.#toBroker.set(broker.brokerId, link);
      this.#toServers.set(broker.brokerId, servers);
      const addresses = servers.map(({ host, port }) => `${host}:${port}`);
      broker.launch = {
        ...broker.launch,
        zookeeperConnect: `${addresses.join(",")}/zoolog`,
        settings: { "http.advertised.host": link.host, "http.advertised.port": link.port },
      };
    }
  }

  /** What brokers and clients come through who ask this one. */
  linkTo({ brokerId }: ChaosBroker): LinkProxy {
    const link = this.#toBroker.get(brokerId);
    if (link === undefined) throw new RangeError(`broker ${brokerId} has no link`);
    return link;
  }

  serverLinksOf({ brokerId }: ChaosBroker): readonly LinkProxy[] {
    return this.#toServers.get(brokerId) ?? [];
  }

  async close(): Promise<void> {
    const links = [...this.#toBroker.values(), ...[...this.#toServers.values()].flat()];
    await Promise.all(links.map((link) => link.close()));
  }
}
