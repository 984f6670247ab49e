/**
 * Starts `start(0)`, `start(1)`, … with at most `depth` under way at once, and yields their results in order. One counts as
 * under way until the next result is asked for, so that `depth` sets of buffers are enough for all. However it ends, nothing
 * is under way any more.
 */
export async function* inOrder<Result>(
  count: number,
  depth: number,
  start: (index: number) => Promise<Result>,
): AsyncGenerator<Result> {
  const underWay: Promise<Result>[] = [];
  let started = 0;
  try {
    for (let index = 0; index < count; index++) {
      for (; started < Math.min(count, index + depth); started++) {
        const result = start(started);
        // It may fail long before its turn; whoever takes the result gets the error.
        result.catch(() => undefined);
        underWay.push(result);
      }
      yield await (underWay[0] as Promise<Result>);
      void underWay.shift();
    }
  } finally {
    await Promise.allSettled(underWay);
  }
}
