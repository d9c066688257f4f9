import type { SimulatedNetwork } from "../../network/simulated-network.ts";

/** Ways that are clogged, by as many faults as may be: free again when the last of them ends. */
export class Clogs {
  readonly #network: SimulatedNetwork;
  readonly #holders = new Map<string, number>();

  constructor(dependencies: { readonly network: SimulatedNetwork }) {
    this.#network = dependencies.network;
  }

  /** @returns frees the way. */
  clog(from: string, to: string): (held: "arrives" | "isLost") => void {
    const way = `${from}>${to}`;
    this.#holders.set(way, (this.#holders.get(way) ?? 0) + 1);
    this.#network.clog(from, to);
    let isFreed = false;
    return (held) => {
      if (isFreed) return;
      isFreed = true;
      const left = (this.#holders.get(way) ?? 1) - 1;
      this.#holders.set(way, left);
      if (left === 0) this.#network.unclog(from, to, held);
    };
  }
}
