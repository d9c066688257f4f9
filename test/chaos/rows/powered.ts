import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ZooKeeperEnsemble } from "@zoolog/testkit";
import type { ChaosBroker } from "../chaos-broker.ts";
import type { Ground } from "../chaos-cluster.ts";
import { BootId } from "../injectors/boot-id.ts";
import { LoopVolume, type PowerCut } from "../injectors/loop-volume.ts";

const BROKER_MEGABYTES = 2_048;
const SERVER_MEGABYTES = 256;

type Powered = { readonly volume: LoopVolume; readonly bootId: BootId };

/**
 * Brokers (and servers, when asked) as machines of their own: each with a disk and a boot id. In a
 * power cut a machine loses what was not synced, and finds out by its new boot id.
 */
export class PoweredMachines implements Ground {
  readonly layServers: ((ensemble: ZooKeeperEnsemble) => void) | undefined;
  readonly #brokers = new Map<number, Powered>();
  readonly #servers: LoopVolume[] = [];

  constructor(options: { readonly servers: boolean }) {
    this.layServers = options.servers ? (ensemble) => this.#layServers(ensemble) : undefined;
  }

  /**
   * ZooKeeper (3.8) does not sync its first, empty snapshot, and a server that has lost it does not
   * start again. Where servers ran for a minute, the kernel has written it.
   */
  layBrokers({ brokers }: { readonly brokers: readonly ChaosBroker[] }): void {
    for (const volume of this.#servers) volume.sync();
    for (const broker of brokers) {
      const mountPoint = broker.dataFolder;
      const name = `broker-${broker.brokerId}`;
      const volume = LoopVolume.create({ name, megabytes: BROKER_MEGABYTES, mountPoint });
      const bootId = new BootId(`${mountPoint}.boot-id`);
      broker.launch = { ...broker.launch, prefix: bootId.prefix };
      this.#brokers.set(broker.brokerId, { volume, bootId });
    }
  }

  /** The broker has to be dead. It starts as on a machine that was started anew. */
  cutPower({ brokerId }: ChaosBroker): PowerCut {
    const machine = this.#brokers.get(brokerId);
    if (machine === undefined) throw new RangeError(`broker ${brokerId} has no machine`);
    machine.bootId.renew();
    return machine.volume.cutPower();
  }

  /** Of all servers, which have to be dead. */
  cutPowerOfServers(): void {
    for (const volume of this.#servers) volume.cutPower();
  }

  volumeOf({ brokerId }: ChaosBroker): LoopVolume | undefined {
    return this.#brokers.get(brokerId)?.volume;
  }

  close(): void {
    for (const { volume } of this.#brokers.values()) volume.close();
    for (const volume of this.#servers) volume.close();
  }

  #layServers(ensemble: ZooKeeperEnsemble): void {
    for (let server = 0; server < ensemble.size; server++) {
      const mountPoint = ensemble.dataFolder(server);
      const name = `server-${server}`;
      const volume = LoopVolume.create({ name, megabytes: SERVER_MEGABYTES, mountPoint });
      writeFileSync(join(mountPoint, "myid"), `${server + 1}\n`, { flush: true });
      this.#servers.push(volume);
    }
  }
}
