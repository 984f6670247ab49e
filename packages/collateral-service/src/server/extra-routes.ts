import { type Answer, answer, jsonAnswer } from "../http/answer.ts";
import { openApi } from "../http/open-api.ts";
import type { SqlDatabase } from "../sql/database.ts";

/** Answers GET on a path outside the protocol. @param query without its question mark */
export type ExtraRoute = (query: string) => Promise<Answer>;

/** Finds what answers a path outside the protocol. */
export interface ExtraRoutes {
  get(path: string): ExtraRoute | undefined;
}

/**
 * Paths for those who run the service: `/health` says that the process answers, `/ready` that it can do its work,
 * `/openapi.json` what it offers.
 */
export function operatorRoutes(database: SqlDatabase, isStopping: () => boolean): Map<string, ExtraRoute> {
  return new Map<string, ExtraRoute>([
    ["/health", async () => jsonAnswer({ status: "ok" })],
    ["/ready", async () => readiness(await canRead(database), isStopping())],
    ["/openapi.json", async () => answer(JSON.stringify(openApi()), "application/json; charset=utf-8")],
  ]);
}

function readiness(databaseWorks: boolean, stopping: boolean): Answer {
  const ready = databaseWorks && !stopping;
  const made = jsonAnswer({ ready, database: databaseWorks, stopping });
  return { ...made, status: ready ? 200 : 503 };
}

async function canRead(database: SqlDatabase): Promise<boolean> {
  try {
    await database.generation();
    return true;
  } catch {
    return false;
  }
}
