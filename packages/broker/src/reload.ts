import { isDeepStrictEqual } from "node:util";
import { SealserveError } from "@sealserve/core";
import type { BrokerConfig } from "./config/broker-config.ts";
import { type CurrentHoldings, loadHoldings } from "./holdings.ts";

/** What {@link reloadHoldings} works with. */
export interface ReloadContext {
  /** The configuration that the broker was started with. */
  readonly started: BrokerConfig;
  readonly holdings: CurrentHoldings;
  readonly notice: (message: string) => void;
}

/**
 * Releases from now on what a configuration says that was read again: what it no longer names, or guards by another policy,
 * is taken back. One that cannot be used releases nothing, as a restart with it would: what the owner took back may be in
 * what cannot be read. Never rejects; the log tells how it went.
 * @param read reads the configuration
 */
export async function reloadHoldings(read: () => Promise<BrokerConfig>, context: ReloadContext): Promise<void> {
  const { started, holdings, notice } = context;
  try {
    const config = await read();
    const next = await loadHoldings(config, notice);
    holdings.replace(next);
    notice(`the configuration was read again; models: ${next.models.map(({ name }) => name).join(", ") || "none"}`);
    for (const member of changedElsewhere(started, config)) {
      notice(`${member} has changed in the configuration: it takes effect at the next start`);
    }
  } catch (error) {
    holdings.replace(undefined);
    const fault = error instanceof SealserveError ? error.message : "it cannot be read";
    notice(`the configuration cannot be used: ${fault}; until it can, no key is released`);
  }
}

/** Members that are read at the start only. */
function changedElsewhere(started: BrokerConfig, config: BrokerConfig): string[] {
  return Object.entries(fixedMembers(started))
    .filter(([member, value]) => !isDeepStrictEqual(value, fixedMembers(config)[member]))
    .map(([member]) => member);
}

function fixedMembers(config: BrokerConfig): Readonly<Record<string, unknown>> {
  const { listen, tls, allowTls13, maxConnections, maxConnectionsPerAddress } = config.secretProvisioning ?? {};
  return {
    listen: config.releasePort?.listen,
    tls: config.releasePort?.tls,
    collateral: config.collateral,
    collateralMemory: config.collateralMemoryFile,
    simulatedRoot: config.simulatedRootFile,
    auditLog: config.auditLogFile,
    secretProvisioning: { listen, tls, allowTls13, maxConnections, maxConnectionsPerAddress },
  };
}
