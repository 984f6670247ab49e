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

/** Empties the cache after writes of other processes. @returns what ends it */
export function watchGeneration(
  database: SqlDatabase,
  cache: AnswerCache,
  onError: (error: unknown) => void,
): () => void {
  let known: number | undefined;
  const look = async (): Promise<void> => {
    const generation = await database.generation();
    if (generation !== known) {
      known = generation;
      cache.clear();
    }
  };
  const timer = setInterval(() => {
    look().catch((error: unknown) => {
      cache.clear(); // nobody knows what is current
      onError(error);
    });
  }, POLL_MS);
  timer.unref();
  return () => clearInterval(timer);
}
