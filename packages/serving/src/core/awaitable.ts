/**
 * A result that is there at once, or will be. Small models answer at once, and their calls go through many hands: a promise at
 * each of them would cost more than the run. What gives one may throw at once as well.
 */
export type Awaitable<T> = T | Promise<T>;

/** What `make` makes of a result once it is there. */
export function mapResult<T, Made>(result: Awaitable<T>, make: (value: T) => Awaitable<Made>): Awaitable<Made> {
  return result instanceof Promise ? result.then(make) : make(result);
}

/** Does `work`, and calls `end` once it is done or has failed. */
export function endWith<T>(work: () => Awaitable<T>, end: () => void): Awaitable<T> {
  let result: Awaitable<T>;
  try {
    result = work();
  } catch (error) {
    end();
    throw error;
  }
  if (result instanceof Promise) {
    return endLater(result, end);
  }
  end();
  return result;
}

async function endLater<T>(result: Promise<T>, end: () => void): Promise<T> {
  try {
    return await result;
  } finally {
    end();
  }
}
