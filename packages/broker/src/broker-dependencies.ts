import type { Clock, FileSystem, Logger, Machine, Network, Random, Scheduler } from "@zoolog/base";
import type { Transport } from "@zoolog/calls";
import {
  nodeFileSystem,
  nodeMachine,
  nodeNetwork,
  systemClock,
  systemRandom,
  systemScheduler,
} from "@zoolog/host";
import type { ProduceTrace } from "@zoolog/replication";
import type { ZooKeeperClient } from "@zoolog/zookeeper";
import type { HttpPlaneOptions } from "./http/http-plane.ts";
import type { HttpPlaneDependencies } from "./http/plane-parts.ts";
import type { Plane } from "./planes/plane.ts";

/** The world that a broker, or a whole development cluster, runs in. */
export type HostDependencies = {
  readonly fileSystem: FileSystem;
  readonly network: Network;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly machine: Machine;
  readonly logger: Logger;
};

/** Makes the native plane. */
export type OpenPlane = (options: HttpPlaneOptions, dependencies: HttpPlaneDependencies) => Plane;

export type BrokerDependencies = HostDependencies & {
  /** Opens a ZooKeeper session; for tests without sockets. */
  readonly connectZooKeeper?: (() => Promise<ZooKeeperClient>) | undefined;
  /** Where calls of the native protocol come in; default: HTTP. */
  readonly openPlane?: OpenPlane | undefined;
  /** The way to other brokers; default: HTTP. The broker closes it. */
  readonly peerTransport?: Transport | undefined;
  /** Names each hop of a produce as it happens (ARCHITECTURE.md, "The produce walk"). */
  readonly trace?: ProduceTrace | undefined;
};

/** This machine. */
export function hostDependencies(options: { readonly logger: Logger }): HostDependencies {
  return {
    fileSystem: nodeFileSystem,
    network: nodeNetwork,
    clock: systemClock,
    scheduler: systemScheduler,
    random: systemRandom,
    machine: nodeMachine,
    logger: options.logger,
  };
}
