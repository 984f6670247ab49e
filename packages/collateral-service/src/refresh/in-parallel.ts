/** Outcome of one piece of work: undefined, or what it threw. */
export type Failure = { readonly error: unknown };

/** Does all pieces of work, at most `limit` at a time, and gives what failed. */
export async function inParallel<Item>(
  items: readonly Item[],
  limit: number,
  work: (item: Item) => Promise<void>,
): Promise<Failure[]> {
  const failures: Failure[] = [];
  const rest = items.values();
  const worker = async (): Promise<void> => {
    for (const item of rest) {
      await work(item).catch((error: unknown) => failures.push({ error }));
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return failures;
}
