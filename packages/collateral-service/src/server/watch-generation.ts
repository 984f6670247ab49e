import type { AnswerCache } from "../http/answer-cache.ts";
import type { SqlDatabase } from "../sql/database.ts";

/** How long an answer can be behind what another process wrote, milliseconds. */
const POLL_MS = 200;

/** A database whose own writes empty the cache at once. */
export function clearingCache(database: SqlDatabase, cache: AnswerCache): SqlDatabase {
  return {
    ...database,
    write: async (work) => {
      try {
        return await database.write(work);
      } finally {
        cache.clear();
      }
    },
  };
}

/**
 * Empties the cache after writes of other processes.
 * @param onError told once when the database cannot be read any more
 * @returns what ends it
 */
export function watchGeneration(
  database: SqlDatabase,
  cache: AnswerCache,
  onError: (error: unknown) => void,
): () => void {
  let known: number | undefined;
  let isLooking = false;
  let isLost = false;
  const look = async (): Promise<void> => {
    const generation = await database.generation();
    isLost = false;
    if (generation !== known) {
      known = generation;
      cache.clear();
    }
  };
  const lose = (error: unknown): void => {
    cache.clear(); // nobody knows what is current
    if (!isLost) {
      isLost = true;
      onError(error);
    }
  };
  const timer = setInterval(() => {
    if (!isLooking) {
      isLooking = true;
      void look()
        .catch(lose)
        .finally(() => (isLooking = false));
    }
  }, POLL_MS);
  timer.unref();
  return () => clearInterval(timer);
}
