import type { TrustedRoot } from "@sealserve/attestation";
import { makeBackup } from "../backup/make-backup.ts";
import { type RestoreSummary, restoreBackup } from "../backup/restore-backup.ts";
import { type BundleSummary, exportBundle } from "../bundle/export-bundle.ts";
import { importBundle } from "../bundle/import-bundle.ts";
import type { ServiceConfig } from "../config/service-config.ts";
import { type Forecast, forecast } from "../forecast/forecast.ts";
import type { SqlDatabase } from "../sql/database.ts";
import { openDatabase } from "./open-database.ts";
import { openTrustedRoot } from "./trusted-root.ts";

/** Work on a service's store from beside it, whether or not it runs. */
export interface OfflineWork {
  /** Everything as one signed file. @throws BundleError `bundle-key-invalid` */
  exportBundle(privateKeyPem: string): Promise<{ readonly file: Uint8Array; readonly summary: BundleSummary }>;
  /** @throws BundleError */
  importBundle(file: Uint8Array, publicKeyPem: string): Promise<BundleSummary>;
  makeBackup(): Promise<Uint8Array>;
  /** @throws BundleError `bundle-malformed`, `restore-refused`, `bundle-refused` */
  restoreBackup(file: Uint8Array): Promise<RestoreSummary>;
  forecast(): Promise<Forecast>;
}

/**
 * Opens the store of a service for one piece of work, and closes it afterwards.
 * @throws ServiceError, and what the work throws
 */
export async function workOnStore<Result>(
  config: ServiceConfig,
  now: () => Date,
  work: (store: OfflineWork) => Promise<Result>,
): Promise<Result> {
  const root = await openTrustedRoot(config.simulatedRootFile);
  const database = await openDatabase(config.database, () => undefined);
  try {
    return await work(offlineWork(database, root, now));
  } finally {
    await database.close();
  }
}

function offlineWork(database: SqlDatabase, root: TrustedRoot, now: () => Date): OfflineWork {
  return {
    exportBundle: (privateKeyPem) => exportBundle(database, privateKeyPem, now()),
    importBundle: (file, publicKeyPem) => importBundle(database, file, publicKeyPem, { root, now: now() }),
    makeBackup: () => makeBackup(database, now()),
    restoreBackup: (file) => restoreBackup(database, file, root),
    forecast: () => forecast(database, now()),
  };
}
