import type { SimulatedFile } from "./simulated-file.ts";
import type { SimulatedFolder } from "./simulated-folder.ts";

/** What a file was made to hold from `from` on; of one that was cut: nothing, up to where it ended. */
type Spot = {
  readonly file: SimulatedFile;
  readonly from: number;
  readonly bytes: Buffer;
};

/** Bytes that were changed behind everybody's back, for as long as nobody has replaced them. */
export class DiskDamage {
  readonly #root: SimulatedFolder;
  #spots: readonly Spot[] = [];

  constructor(dependencies: { readonly root: SimulatedFolder }) {
    this.#root = dependencies.root;
  }

  note(file: SimulatedFile, before: Buffer, after: Buffer): void {
    const shared = Math.min(before.length, after.length);
    let from = 0;
    while (from < shared && before[from] === after[from]) from += 1;
    let to = Math.max(before.length, after.length);
    if (before.length === after.length)
      while (to > from && before[to - 1] === after[to - 1]) to -= 1;
    if (from === to) return;
    const bytes = Buffer.alloc(to - from);
    after.copy(bytes, 0, from, to);
    this.#spots = [...this.#spots, { file, from, bytes }];
  }

  /** Of the files that are still damaged. */
  paths(): string[] {
    if (this.#spots.length === 0) return [];
    const paths = new Map([...this.#root.files("/")].map(([path, file]) => [file, path]));
    this.#spots = this.#spots.filter(({ file, from, bytes }) => {
      if (!paths.has(file)) return false;
      // Behind the end is nothing, as it is where a file was cut.
      const found = Buffer.alloc(bytes.length);
      file.read(found, from);
      return found.equals(bytes);
    });
    return [...new Set(this.#spots.map(({ file }) => paths.get(file) ?? ""))];
  }
}
