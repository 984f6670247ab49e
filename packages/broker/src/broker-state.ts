import type { TrustedRoot } from "@sealserve/attestation";
import { type CachedSource, type CollateralSource, cachedSource } from "@sealserve/collateral";
import { openCollateral } from "./collateral.ts";
import { openCollateralMemory } from "./collateral-memory.ts";
import type { BrokerConfig } from "./config/broker-config.ts";
import { CurrentHoldings, loadHoldings } from "./holdings.ts";
import { type AuditLog, noAuditLog, openAuditLog } from "./log/audit-log.ts";
import { loadProvisioningIdentity } from "./provisioning/provisioning-identity.ts";
import { loadTlsIdentity, type TlsIdentity } from "./server/tls-identity.ts";

/** Everything that a broker reads before it listens. */
export interface BrokerState {
  /** Of the release port. */
  readonly identity: TlsIdentity | undefined;
  /** Of the port for Gramine's protocol. */
  readonly provisioningIdentity: TlsIdentity | undefined;
  readonly holdings: CurrentHoldings;
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
  const { secretProvisioning } = config;
  const provisioningIdentity =
    secretProvisioning === undefined
      ? undefined
      : await loadProvisioningIdentity(secretProvisioning.tls, { now: now(), notice });
  const holdings = new CurrentHoldings(await loadHoldings(config, notice));
  const audit = config.auditLogFile === undefined ? noAuditLog : await openAuditLog(config.auditLogFile);
  return { identity, provisioningIdentity, holdings, collateral, audit };
}

/** Ends the use of the state: no more records, no more keys. */
export async function closeBrokerState({ audit, holdings }: BrokerState): Promise<void> {
  holdings.replace(undefined);
  await audit.close();
}
