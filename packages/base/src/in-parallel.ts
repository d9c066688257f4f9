/**
 * Runs `task` for every item, at most `atOnceMax` at the same time, begun in the order of the items,
 * and answers the results in that order. After a failure nothing new begins: it rejects with the
 * first one, once all that was begun has ended, so that nothing goes on behind the caller's back.
 */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  options: { readonly atOnceMax: number },
  task: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results = new Array<Result>(items.length);
  const failures: unknown[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length && failures.length === 0) {
      const index = next++;
      const item = items[index] as Item;
      try {
        results[index] = await task(item);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  const lanes: Promise<void>[] = [];
  for (let i = Math.min(options.atOnceMax, items.length); i > 0; i--) lanes.push(lane());
  await Promise.all(lanes);
  if (failures.length > 0) throw failures[0];
  return results;
}
