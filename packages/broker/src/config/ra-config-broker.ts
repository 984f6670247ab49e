import { resolve } from "node:path";
import { parsePolicy } from "@sealserve/attestation";
import type { Endpoint } from "@sealserve/config";
import type { BrokerConfig, CollateralConfig } from "./broker-config.ts";
import type { TlsFiles } from "./port-config.ts";

/** What CCZoo's broker finds in its working directory, and where collateral comes from. */
export interface RaConfigBrokerFiles {
  readonly listen: Endpoint;
  readonly raConfigFile: string;
  readonly wrapKeyFile: string;
  readonly tls: TlsFiles;
  readonly collateral: CollateralConfig;
  readonly simulatedRootFile?: string | undefined;
  readonly auditLogFile?: string | undefined;
  readonly insecureAcceptAnyEnclave?: boolean;
}

/** The configuration of a broker that does what CCZoo's does, with the same files. File names start at the working directory. */
export function raConfigBroker(files: RaConfigBrokerFiles): BrokerConfig {
  const { listen, tls, collateral, simulatedRootFile, auditLogFile, insecureAcceptAnyEnclave = false } = files;
  return {
    releasePort: undefined,
    secretProvisioning: {
      listen,
      tls: { key: resolve(tls.key), certificate: resolve(tls.certificate) },
      allowTls13: false,
      maxConnections: undefined,
      maxConnectionsPerAddress: undefined,
      secrets: [],
      raConfig: {
        file: resolve(files.raConfigFile),
        wrapKeyFile: resolve(files.wrapKeyFile),
        keyFormat: "raw",
        platform: parsePolicy({}, { requireIdentity: false }),
        insecureAcceptAnyEnclave,
      },
    },
    collateral: collateral.kind === "file" ? { kind: "file", path: resolve(collateral.path) } : collateral,
    collateralMemoryFile: undefined,
    simulatedRootFile: simulatedRootFile === undefined ? undefined : resolve(simulatedRootFile),
    auditLogFile: auditLogFile === undefined ? undefined : resolve(auditLogFile),
    models: [],
  };
}
