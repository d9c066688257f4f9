import type { World } from "../world/world.ts";
import type { ClusterView } from "./cluster-view.ts";

/**
 * In which states of the cluster which faults began, as `<fault> × <state>`: what a run has tried is a
 * part of what it says.
 */
export class Coverage {
  readonly #world: World;
  readonly #view: ClusterView;
  readonly #pairs = new Set<string>();

  constructor(dependencies: { readonly world: World; readonly view: ClusterView }) {
    this.#world = dependencies.world;
    this.#view = dependencies.view;
  }

  get pairs(): readonly string[] {
    return [...this.#pairs].sort();
  }

  /** @param struck names of processes. @param others faults that are under way. */
  note(fault: string, struck: readonly string[], others: readonly string[]): void {
    const states = [
      ...this.#world.hosts
        .filter(({ name }) => struck.includes(name))
        .flatMap(({ brokerId, broker }) => this.#rolesOf(brokerId, broker === undefined)),
      ...this.#clusterStates(),
      ...others.map((other) => `during ${other}`),
    ];
    for (const state of states) this.#pairs.add(`${fault} × ${state}`);
  }

  #rolesOf(brokerId: number, isStarting: boolean): string[] {
    const view = this.#view;
    if (isStarting) return ["target starts"];
    const roles = [
      view.leads(brokerId) ? "target leads" : undefined,
      view.follows(brokerId) ? "target follows" : undefined,
      view.controller === brokerId ? "target controls" : undefined,
      view.coordinates(brokerId) ? "target coordinates" : undefined,
    ].filter((role) => role !== undefined);
    return roles.length === 0 ? ["target is idle"] : roles;
  }

  #clusterStates(): string[] {
    const { zookeeper } = this.#world;
    const isWhole = zookeeper.servers.every(({ isServing }) => isServing);
    const ensemble = isWhole ? "ensemble is whole" : "ensemble is not whole";
    return [
      this.#view.hasShrunkenIsr ? "ISR shrunken" : "ISRs full",
      this.#view.isLeaderless ? "partition without leader" : "all partitions led",
      this.#view.controller === undefined ? "no controller" : "controller in office",
      zookeeper.leader === undefined ? "ensemble without leader" : ensemble,
    ];
  }
}
