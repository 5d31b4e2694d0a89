/** Runs `work(item, index)` for every item, `limit` at a time; the first failure ends it. */
export async function forEachParallel(items, limit, work) {
  let next = 0;
  await Promise.all(
    Array.from({ length: Math.min(limit, items.length) }, async () => {
      while (next < items.length) {
        const index = next++;
        try {
          await work(items[index], index);
        } catch (error) {
          next = items.length;
          throw error;
        }
      }
    }),
  );
}
