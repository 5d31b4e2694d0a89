/** Runs `work` over all items, `limit` of them at a time; one that fails stops no other. */
export async function atMostAtOnce<T, R>(
  limit: number,
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<PromiseSettledResult<R>[]> {
  const results: PromiseSettledResult<R>[] = [];
  const queue = items.entries();
  const lane = async (): Promise<void> => {
    for (const [index, item] of queue) {
      results[index] = await Promise.resolve(item)
        .then(work)
        .then(
          (value) => ({ status: 'fulfilled' as const, value }),
          (reason: unknown) => ({ status: 'rejected' as const, reason }),
        );
    }
  };
  await Promise.all(Array.from({ length: limit }, lane));
  return results;
}
