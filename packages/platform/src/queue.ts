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

const queues = new Map<string, Queue>();

/** The queue of this process for a resource, whoever asks for it. */
export function queueOf(resource: string): Queue {
  const queue = queues.get(resource) ?? createQueue();
  queues.set(resource, queue);
  return queue;
}
