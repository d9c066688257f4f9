/** A map that is copied by the first write, so that what does not change is shared. */
export class DraftMap<K, V> {
  readonly #original: ReadonlyMap<K, V>;
  #copy: Map<K, V> | undefined;

  constructor(original: ReadonlyMap<K, V>) {
    this.#original = original;
  }

  get current(): ReadonlyMap<K, V> {
    return this.#copy ?? this.#original;
  }

  get size(): number {
    return this.current.size;
  }

  get(key: K): V | undefined {
    return this.current.get(key);
  }

  has(key: K): boolean {
    return this.current.has(key);
  }

  set(key: K, value: V): void {
    this.#copy ??= new Map(this.#original);
    this.#copy.set(key, value);
  }

  delete(key: K): void {
    if (!this.current.has(key)) return;
    this.#copy ??= new Map(this.#original);
    this.#copy.delete(key);
  }
}
