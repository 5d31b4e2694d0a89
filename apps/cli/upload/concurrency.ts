/** A gate through which at most `limit` tasks pass at a time, first come first served. */
export function concurrency(limit: number): <T>(task: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (running >= limit)
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
      });
    else running += 1;
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      // The place is handed on rather than freed, so that nobody slips in between.
      if (next) next();
      else running -= 1;
    }
  };
}
