/** More would have to wait in the kernel's queue. */
const WINDOW = 200;

/**
 * Does the work for every item, not all at once. Results come in the items' order.
 *
 * @param window how many are under way at a time. default 200
 */
export async function inWindows<Item, Result>(
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<Result>,
  window = WINDOW,
): Promise<Result[]> {
  const results: Result[] = [];
  const rest = items.entries();
  // One iterator for all workers: each takes the next item.
  const one = async () => {
    for (const [index, item] of rest) results[index] = await work(item, index);
  };
  await Promise.all(Array.from({ length: window }, one));
  return results;
}
