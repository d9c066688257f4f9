/**
 * Runs `task` for every item, at most `atOnceMax` at the same time, in their order. Settles when
 * all have ended; a task deals with its own failures.
 */
export async function inParallel<Item>(
  items: Iterable<Item>,
  options: { readonly atOnceMax: number },
  task: (item: Item) => Promise<void>,
): Promise<void> {
  const rest = items[Symbol.iterator]();
  const work = async (): Promise<void> => {
    for (let next = rest.next(); next.done !== true; next = rest.next()) await task(next.value);
  };
  await Promise.all(Array.from({ length: options.atOnceMax }, work));
}
