import { createHash } from "node:crypto";
import { type TrustedRoot, vendorRoot } from "@sealserve/attestation";
import { HttpsClient } from "../../../../tests/support/https-request.ts";
import { createAuthority } from "../../../../tests/support/tls-authority.ts";
import { offlineFill } from "../../src/offline-fill.ts";
import { type RunningServer, type StartOptions, startServer } from "../../src/server/start-server.ts";
import { databases, type TestDatabase } from "./databases.ts";

export const USER_TOKEN = "user-pass-1";
export const ADMIN_TOKEN = "admin-pass-1";
export const asUser = { "user-token": USER_TOKEN };
export const asAdmin = { "admin-token": ADMIN_TOKEN };
export const json = { "content-type": "application/json" };

export const hashOf = (token: string): string => createHash("sha512").update(token).digest("hex");

const authority = await createAuthority();
/** What services show, under an authority that their clients trust. */
export const identity = await authority.issue();

/** A service on a free port, with a database of its own, and a client of it. */
export interface TestService {
  readonly client: HttpsClient;
  /** A client of another service with the same certificate. */
  clientOf(url: string): HttpsClient;
  readonly server: RunningServer;
  readonly database: TestDatabase;
  /** What the service said went wrong. */
  readonly faults: readonly unknown[];
  stop(): Promise<void>;
}

/** @param over kind of a new database, or one of a service that was closed */
export async function startService(
  changes: Partial<Omit<StartOptions, "database">> & { readonly root?: TrustedRoot } = {},
  over: string | TestDatabase = "SQLite",
): Promise<TestService> {
  const database = typeof over === "string" ? await (databases[over] as (typeof databases)[string]).start() : over;
  const faults: unknown[] = [];
  const now = changes.now ?? (() => new Date());
  const server = await startServer({
    listen: { host: "127.0.0.1", port: 0 },
    tls: { cert: identity.certificatePem, key: identity.keyPem },
    tokens: { user: hashOf(USER_TOKEN), admin: hashOf(ADMIN_TOKEN) },
    database: await database.open(),
    root: vendorRoot,
    stale: "warn",
    now,
    fill: async (store) => ({ fill: offlineFill(store, now) }),
    onFault: (error) => faults.push(error),
    ...changes,
  });
  const clientOf = (url: string): HttpsClient => new HttpsClient(Number(new URL(url).port), authority.caPem);
  const client = clientOf(server.url);
  return {
    client,
    clientOf,
    server,
    database,
    faults,
    stop: async () => {
      client.close();
      await server.close();
      await database.stop();
    },
  };
}
