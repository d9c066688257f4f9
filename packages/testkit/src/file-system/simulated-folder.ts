import type { Random } from "@zoolog/base";
import { SimulatedFile } from "./simulated-file.ts";

export type SimulatedNode = SimulatedFile | SimulatedFolder;

/** One change of names, kept in order: a journal writes them in order or not at all. */
type NameChange =
  | { readonly kind: "link"; readonly name: string; readonly node: SimulatedNode }
  | { readonly kind: "unlink"; readonly name: string }
  | { readonly kind: "rename"; readonly from: string; readonly to: string };

/** One folder of a simulated disk: the names everybody sees, and those a power cut would leave. */
export class SimulatedFolder {
  readonly entries = new Map<string, SimulatedNode>();
  #durable = new Map<string, SimulatedNode>();
  #pending: NameChange[] = [];

  link(name: string, node: SimulatedNode): void {
    this.#change({ kind: "link", name, node });
  }

  unlink(name: string): void {
    this.#change({ kind: "unlink", name });
  }

  rename(from: string, to: string): void {
    this.#change({ kind: "rename", from, to });
  }

  sync(): void {
    this.#durable = new Map(this.entries);
    this.#pending = [];
  }

  /** Keeps the synced names and a random beginning of the changes since. */
  losePower(random: Random, keepUnsynced: number): void {
    const kept = Math.floor(random.next() * (this.#pending.length + 1));
    const survivors = random.next() < keepUnsynced ? this.#pending.slice(0, kept) : [];
    for (const change of survivors) apply(this.#durable, change);
    this.entries.clear();
    for (const [name, node] of this.#durable) this.entries.set(name, node);
    this.#pending = [];
    for (const node of this.entries.values()) node.losePower(random, keepUnsynced);
  }

  /** Every file below, with its path relative to this folder. */
  *files(prefix = ""): Generator<[string, SimulatedFile]> {
    for (const [name, node] of this.entries) {
      if (node instanceof SimulatedFile) yield [`${prefix}${name}`, node];
      else yield* node.files(`${prefix}${name}/`);
    }
  }

  #change(change: NameChange): void {
    apply(this.entries, change);
    this.#pending.push(change);
  }
}

function apply(entries: Map<string, SimulatedNode>, change: NameChange): void {
  if (change.kind === "link") {
    entries.set(change.name, change.node);
  } else if (change.kind === "unlink") {
    entries.delete(change.name);
  } else {
    const node = entries.get(change.from);
    if (node === undefined) return;
    entries.delete(change.from);
    entries.set(change.to, node);
  }
}
