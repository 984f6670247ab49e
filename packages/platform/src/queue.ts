/** Runs one task at a time, in the order of the calls. */
export type Queue = <Result>(task: () => Promise<Result>) => Promise<Result>;

/** A queue in which a failed task does not hold up the next one. */
export function createQueue(): Queue {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const result = last.then(task);
    last = result.catch(() => undefined);
    return result;
  };
}
