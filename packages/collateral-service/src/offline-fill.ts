import type { CollateralFill } from "./fill.ts";
import { RequestError } from "./http/request-error.ts";
import type { SqlDatabase } from "./sql/database.ts";
import { putRegistration } from "./store/registrations.ts";

/** For a service without upstream: an administrator uploads what hosts register for. */
export function offlineFill(database: SqlDatabase, now: () => Date): CollateralFill {
  return {
    mode: "OFFLINE",
    document: async () => undefined,
    platform: async () => undefined,
    registered: (registration) =>
      database.write((connection) => putRegistration(connection, registration, "NEW", now())),
    evaluation: async () => undefined,
    fmspcs: async () => undefined,
    pckCertificates: async () => undefined,
    complete: async () => undefined,
    refresh: () => Promise.reject(new RequestError("unavailable", "there is no upstream to refresh from")),
  };
}
