import type { TrustedRoot } from "@sealserve/attestation";
import { type CachedSource, type CollateralSource, cachedSource } from "@sealserve/collateral";
import { openCollateral } from "./collateral.ts";
import { openCollateralMemory } from "./collateral-memory.ts";
import type { BrokerConfig } from "./config/broker-config.ts";
import { loadModels } from "./keys/load-models.ts";
import type { ReleasableModel } from "./keys/releasable-model.ts";
import { type AuditLog, noAuditLog, openAuditLog } from "./log/audit-log.ts";
import { loadProvisioning, type ProvisioningState } from "./provisioning/provisioning-state.ts";
import { loadTlsIdentity, type TlsIdentity } from "./server/tls-identity.ts";

/** Everything that a broker reads before it listens. */
export interface BrokerState {
  /** Of the release port. */
  readonly identity: TlsIdentity | undefined;
  /** Of the port for Gramine's protocol. */
  readonly provisioning: ProvisioningState | undefined;
  readonly models: readonly ReleasableModel[];
  readonly collateral: CachedSource;
  readonly audit: AuditLog;
}

/** What {@link loadBrokerState} takes beside the configuration. */
export interface StateOptions {
  readonly root: TrustedRoot;
  readonly now: () => Date;
  /** Takes the place of the source that the configuration names. */
  readonly source: CollateralSource | undefined;
  /** Tells the owner something beside the attempts. */
  readonly notice: (message: string) => void;
}

/** Reads and checks every file that the configuration names. @throws BrokerError */
export async function loadBrokerState(config: BrokerConfig, options: StateOptions): Promise<BrokerState> {
  const { root, now, notice } = options;
  const identity = config.releasePort === undefined ? undefined : await loadTlsIdentity(config.releasePort.tls);
  const source = options.source ?? (await openCollateral(config.collateral, { now: now(), root }));
  const collateral = cachedSource(source, {
    now,
    root,
    memory: await openCollateralMemory(config.collateralMemoryFile),
    onRenewalFailure: (error) =>
      notice(`collateral could not be renewed: ${error instanceof Error ? error.message : "unknown reason"}`),
  });
  const models = await loadModels(config.models);
  const { secretProvisioning } = config;
  const provisioning =
    secretProvisioning === undefined ? undefined : await loadProvisioning(secretProvisioning, { models, now, notice });
  const audit = config.auditLogFile === undefined ? noAuditLog : await openAuditLog(config.auditLogFile);
  return { identity, provisioning, models, collateral, audit };
}

/** Ends the use of the state: no more records, no more keys. */
export async function closeBrokerState({ audit, models, provisioning }: BrokerState): Promise<void> {
  for (const { wrapKey } of models) {
    wrapKey.wipe();
  }
  provisioning?.wipe();
  await audit.close();
}
