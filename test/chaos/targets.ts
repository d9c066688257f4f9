import type { Random } from "@zoolog/base";
import type { Client } from "@zoolog/client";
import type { ChaosBroker } from "./chaos-broker.ts";
import type { ChaosCluster } from "./chaos-cluster.ts";
import { anyPicture, type PartitionPicture } from "./picture.ts";

export type Who = "leader" | "controller" | "anybody";

/** Whom a fault hits, and what that broker leads at that moment. */
export type Target = { readonly broker: ChaosBroker; readonly led: readonly number[] };

const ASK_MS_MAX = 2_000;

/** Finds the brokers that matter. */
export class Targets {
  readonly #topic: string;
  readonly #cluster: ChaosCluster;
  readonly #random: Random;
  readonly #client: Client;

  constructor(
    options: { readonly topic: string },
    dependencies: { readonly cluster: ChaosCluster; readonly random: Random },
  ) {
    this.#topic = options.topic;
    this.#cluster = dependencies.cluster;
    this.#random = dependencies.random;
    this.#client = this.#cluster.client("chaos-targets");
  }

  /** The leader of partition 0 or the controller, as far as the cluster tells; else anybody. */
  async find(who: Who): Promise<Target> {
    const { brokers } = this.#cluster;
    const anybody = brokers[Math.floor(this.#random.next() * brokers.length)];
    if (anybody === undefined) throw new RangeError("a cluster has brokers");
    const wanted = who === "anybody" ? anybody.brokerId : await this.#whoIs(who);
    return this.of(brokers.find(({ brokerId }) => brokerId === wanted) ?? anybody);
  }

  async of(broker: ChaosBroker): Promise<Target> {
    const partitions = await this.picture();
    const led = partitions.filter(({ leader }) => leader === broker.brokerId);
    return { broker, led: led.map(({ partition }) => partition) };
  }

  /** What any broker knows of the topic now; empty when none answers. */
  picture(): Promise<readonly PartitionPicture[]> {
    return anyPicture(this.#cluster.brokers, this.#topic);
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  async #whoIs(who: "leader" | "controller"): Promise<number | undefined> {
    if (who === "leader") {
      return (await this.picture()).find(({ partition }) => partition === 0)?.leader;
    }
    try {
      return (await this.#client.admin.describeCluster({ timeoutMs: ASK_MS_MAX })).controllerId;
    } catch {
      return undefined;
    }
  }
}
