import type { SimulatedHost } from "../world/simulated-host.ts";
import type { World } from "../world/world.ts";
import type { ClusterView, SeenPartition } from "./cluster-view.ts";
import { type Disturbances, ENSEMBLE } from "./disturbances.ts";

export type Tolerance = {
  /** When brokers acknowledge: `log.flush`. */
  readonly flush: "os" | "fsync";
  /** Whoever checks this world expects a loss: nothing is refused. */
  readonly mayLose: boolean;
};

/** What a host had when its power went: its copies are in doubt until it is in sync again. */
type PowerLoss = { readonly host: string; readonly brokerEpoch: number };

/**
 * How much faults may do together so that everything promised must still hold. With a replication
 * factor of 3 and a min ISR of 2, everything acknowledged is in the logs of two brokers at least: one
 * copy may be lost, the second may not before the first is made good. Killed, paused and cut-off brokers
 * lose nothing, so there may be any number of them; but
 *
 * | fault | loses | allowed while |
 * | --- | --- | --- |
 * | power cut, `fsync` | nothing: any number of hosts at once | the host's disk is sound |
 * | power cut, `os` | what was in the page cache of one host | others in its ISRs are sound |
 * | damaged records or checkpoints | copies of one host | likewise |
 * | anything that takes a broker out of an ISR | nothing | no copy in doubt is left alone with it |
 * | the end of a broker | nothing | it has left word of a sync that failed |
 *
 * The row before the last: damage that nobody has read yet is in the ISR like a sound copy, and so is, until its
 * session ends, a broker without power. As the last one there it would lead, or nobody: an operator's
 * matter, and not what the configuration promises to survive. A damaged copy outside of the ISR counts too:
 * it joins with the damage unread, and whoever waits for that to shut down leaves it alone there.
 *
 * "Sound": in the ISR, running, reached by everybody for a while (`Disturbances`), with a disk that was
 * neither damaged nor without power since it joined. What is not promised at all stands at each fault.
 */
export class Budget {
  readonly #tolerance: Tolerance;
  readonly #world: World;
  readonly #view: ClusterView;
  readonly #disturbances: Disturbances;
  #powerLosses: readonly PowerLoss[] = [];

  constructor(
    tolerance: Tolerance,
    dependencies: {
      readonly world: World;
      readonly view: ClusterView;
      readonly disturbances: Disturbances;
    },
  ) {
    this.#tolerance = tolerance;
    this.#world = dependencies.world;
    this.#view = dependencies.view;
    this.#disturbances = dependencies.disturbances;
  }

  /** Everything acknowledged was on disks first. */
  get isSynced(): boolean {
    return this.#tolerance.flush === "fsync" && !this.#view.hasLazyTopic;
  }

  mayCutPower(hosts: readonly SimulatedHost[]): boolean {
    if (this.#tolerance.mayLose) return true;
    if (!this.mayStop(hosts)) return false;
    if (this.isSynced) return hosts.every((host) => this.#isDiskSound(host));
    const [host] = hosts;
    if (host === undefined || hosts.length > 1) return false;
    return this.#hasSoundElsewhere(host, (_, { isr }) => isr.includes(host.brokerId));
  }

  /** To be told at the moment of the cut. */
  noteLostPower(host: SimulatedHost): void {
    const brokerEpoch = this.#registeredEpoch(host.brokerId) ?? Number.POSITIVE_INFINITY;
    this.#powerLosses = [...this.#powerLosses, { host: host.name, brokerEpoch }];
  }

  /** @param partition `<topic>-<partition>`; all of the host's when absent. */
  mayDamage(host: SimulatedHost, partition?: string): boolean {
    if (this.#tolerance.mayLose) return true;
    // A power cut before the damage was seen would be believed to have caused it.
    if (this.#hasLostPower(host) || host.disk.hasLostPages) return false;
    return this.#hasSoundElsewhere(
      host,
      (key) => (partition === undefined || key === partition) && holds(host, key),
    );
  }

  /** Whether these may die, stand still, or be out of reach for a while. */
  mayStop(hosts: readonly SimulatedHost[]): boolean {
    if (this.#tolerance.mayLose) return true;
    if (!hosts.every((host) => this.mayEnd(host))) return false;
    return this.#world.hosts.every((host) => {
      const isWholeInDoubt = !this.isSynced && this.#hasLostPower(host);
      return [...this.#view.partitions].every(([key, seen]) => {
        const isInSync = seen.isr.includes(host.brokerId);
        if (!(isWholeInDoubt && isInSync) && !isDamaged(host, key)) return true;
        return this.#sound(key, seen).some((other) => other !== host && !hosts.includes(other));
      });
    });
  }

  /**
   * Not while its disk refuses word of a sync that has failed: its next life would believe what the
   * page cache has, and no format can tell it otherwise.
   */
  mayEnd({ disk }: SimulatedHost): boolean {
    return !disk.hasLostPages || disk.paths().includes(SYNC_FAILED);
  }

  /** Not the fault of a broker that it did not start. */
  excusesStart(host: SimulatedHost): boolean {
    const { name } = host;
    return (
      this.#disturbances.has(name, START_MS_MAX) || this.#disturbances.has(ENSEMBLE, START_MS_MAX)
    );
  }

  /** Each of these partitions has a sound replica at somebody else. */
  #hasSoundElsewhere(
    host: SimulatedHost,
    concerns: (partition: string, seen: SeenPartition) => boolean,
  ): boolean {
    // What ZooKeeper's servers do not agree on yet may be the way out of an ISR.
    if (this.#world.zookeeper.leader === undefined || this.#disturbances.has(ENSEMBLE))
      return false;
    return [...this.#view.partitions].every(([key, seen]) => {
      if (!concerns(key, seen)) return true;
      return this.#sound(key, seen).some((other) => other !== host);
    });
  }

  #sound(key: string, { isr, isrBrokerEpochs }: SeenPartition): SimulatedHost[] {
    return this.#world.hosts.filter((host) => {
      const place = isr.indexOf(host.brokerId);
      if (place < 0 || host.broker === undefined || host.process?.isPaused !== false) return false;
      if (this.#disturbances.has(host.name) || isDamaged(host, key)) return false;
      const registered = this.#registeredEpoch(host.brokerId);
      return registered !== undefined && isrBrokerEpochs[place] === registered;
    });
  }

  #isDiskSound(host: SimulatedHost): boolean {
    return !host.disk.hasLostPages && host.disk.damage.paths().length === 0;
  }

  /** Since its last power cut it has not been in sync with everything that it has. */
  #hasLostPower(host: SimulatedHost): boolean {
    this.#powerLosses = this.#powerLosses.filter((loss) => !this.#isMadeGood(loss));
    return this.#powerLosses.some(({ host: name }) => name === host.name);
  }

  #isMadeGood({ host: name, brokerEpoch }: PowerLoss): boolean {
    const host = this.#world.hosts.find((one) => one.name === name);
    if (host === undefined) return true;
    const registered = this.#registeredEpoch(host.brokerId);
    if (registered === undefined || registered <= brokerEpoch) return false;
    return [...this.#view.partitions.values()].every(({ isr, isrBrokerEpochs }) => {
      const place = isr.indexOf(host.brokerId);
      return place < 0 || isrBrokerEpochs[place] === registered;
    });
  }

  #registeredEpoch(brokerId: number): number | undefined {
    return this.#world.zookeeper.tree?.get(`/brokers/ids/${brokerId}`)?.czxid;
  }
}

const SYNC_FAILED = "/data/.sync-failed";

/** A start waits for ZooKeeper and for its former session; then it gives up. */
const START_MS_MAX = 60_000;

function holds({ disk }: SimulatedHost, partition: string): boolean {
  return disk.paths().some((path) => path.startsWith(`/data/${partition}/`));
}

/** Files that all partitions of a broker share count for each of them. */
function isDamaged(host: SimulatedHost, partition: string): boolean {
  if (host.disk.damage.paths().length === 0 || !holds(host, partition)) return false;
  return host.disk.damage.paths().some((path) => {
    const [, , folder, file] = path.split("/");
    return file === undefined || folder === partition;
  });
}
