import { type Clock, type Logger, type Scheduler, silentLogger } from "@zoolog/base";
import {
  type CoordinationStore,
  openZooKeeperStore,
  type ZooKeeperStoreOptions,
} from "@zoolog/coordination";
import type { MemoryEnsemble } from "./memory-ensemble.ts";

export type MemoryStoreOptions = ZooKeeperStoreOptions & {
  /** By which the ensemble's faults address this store's sessions. */
  readonly name: string;
};

export type MemoryStoreDependencies = {
  readonly ensemble: MemoryEnsemble;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger?: Logger;
};

/** One broker's store on an ensemble in memory that it shares with others. */
export function createMemoryStore(
  options: MemoryStoreOptions,
  dependencies: MemoryStoreDependencies,
): Promise<CoordinationStore> {
  const { ensemble, clock, scheduler, logger = silentLogger } = dependencies;
  const connect = () => ensemble.connect(options.name);
  return openZooKeeperStore(options, { connect, clock, scheduler, logger });
}
