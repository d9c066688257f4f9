import type { Random } from "@zoolog/base";
import type { Schedule } from "../schedule/schedule.ts";

export type LinkQuality = {
  /** One way, ms: at least, and how much more it may be. */
  readonly latencyMs: number;
  readonly jitterMs: number;
  /** Chance of each message not to arrive, as of a connection that broke without a word. */
  readonly lossRate?: number;
};

/** What two processes of one machine have. */
const LOOPBACK: LinkQuality = { latencyMs: 0.05, jitterMs: 0.4 };

type Held = { readonly kind: string; readonly deliver: () => void };

/**
 * The ways between the hosts of a world, each direction for itself. A way that is clogged keeps what
 * is sent, as TCP does: it arrives when the way is free again, however late, unless it is cut.
 */
export class SimulatedNetwork {
  readonly #schedule: Schedule;
  readonly #random: Random;
  readonly #quality = new Map<string, LinkQuality>();
  readonly #clogged = new Map<string, Held[]>();
  #everywhere = LOOPBACK;
  #lastArrivalMs = 0;

  constructor(dependencies: { readonly schedule: Schedule; readonly random: Random }) {
    this.#schedule = dependencies.schedule;
    this.#random = dependencies.random;
  }

  send(from: string, to: string, kind: string, deliver: () => void): void {
    const { nowMs, trace } = this.#schedule;
    const arrive = trace.sent(from, nowMs, deliver);
    const held = this.#clogged.size === 0 ? undefined : this.#clogged.get(wayOf(from, to));
    if (held === undefined) this.#travel(from, to, kind, arrive);
    else held.push({ kind, deliver: arrive });
  }

  /** When the last of the messages that travel now, or did, arrives: true time, ms. */
  get lastArrivalMs(): number {
    return this.#lastArrivalMs;
  }

  isClogged(from: string, to: string): boolean {
    return this.#clogged.has(wayOf(from, to));
  }

  clog(from: string, to: string): void {
    const way = wayOf(from, to);
    if (!this.#clogged.has(way)) this.#clogged.set(way, []);
  }

  /** @param held what becomes of what was sent meanwhile. */
  unclog(from: string, to: string, held: "arrives" | "isLost" = "arrives"): void {
    const way = wayOf(from, to);
    const kept = this.#clogged.get(way) ?? [];
    this.#clogged.delete(way);
    if (held === "isLost") return;
    for (const { kind, deliver } of kept) this.#travel(from, to, kind, deliver);
  }

  /** Every way is free again, and as good as it was. */
  heal(): void {
    this.#quality.clear();
    this.#everywhere = LOOPBACK;
    for (const way of [...this.#clogged.keys()]) {
      const [from = "", to = ""] = way.split(">");
      this.unclog(from, to);
    }
  }

  /**
   * Of one way, or of all that have none of their own.
   *
   * @returns makes it as it was, unless somebody has changed it since.
   */
  setQuality(
    quality: LinkQuality,
    way?: { readonly from: string; readonly to: string },
  ): () => void {
    if (way === undefined) {
      this.#everywhere = quality;
      return () => {
        if (this.#everywhere === quality) this.#everywhere = LOOPBACK;
      };
    }
    const key = wayOf(way.from, way.to);
    this.#quality.set(key, quality);
    return () => {
      if (this.#quality.get(key) === quality) this.#quality.delete(key);
    };
  }

  #travel(from: string, to: string, kind: string, deliver: () => void): void {
    const own = this.#quality.size === 0 ? undefined : this.#quality.get(wayOf(from, to));
    const quality = own ?? this.#everywhere;
    const { latencyMs, jitterMs, lossRate = 0 } = quality;
    if (lossRate > 0 && this.#random.next() < lossRate) return;
    const travels = latencyMs + jitterMs * this.#random.next();
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, this.#schedule.nowMs + travels);
    this.#schedule.after(travels, to, kind, deliver);
  }
}

function wayOf(from: string, to: string): string {
  return `${from}>${to}`;
}
