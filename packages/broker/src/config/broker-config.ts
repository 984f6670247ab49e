import type { AppraisalPolicy } from "@sealserve/attestation";
import { type ConfigMapping, type ConfigValue, parseYamlDocument } from "@sealserve/config";
import { MAX_LEASE_SECONDS } from "../release/released-key.ts";
import { readPolicy } from "./policy.ts";
import { DEFAULT_HOST, type PortConfig, readTls, type TlsFiles } from "./port-config.ts";
import { type ProvisioningConfig, readProvisioning } from "./provisioning-config.ts";
import { readName, type TakenNames } from "./read-name.ts";
import { KEY_FORMATS, type KeyFormat } from "./secret-format.ts";

/** Seconds. The longest fits into a timer of the node that holds it. */
const LEASE_BOUNDS = { minimum: 1, maximum: MAX_LEASE_SECONDS };

/** Where the broker finds collateral: a PCCS (base URL), or a file that is read at the start. */
export type CollateralConfig =
  | { readonly kind: "pccs"; readonly url: string }
  | { readonly kind: "file"; readonly path: string };

/** One model whose key the broker may release. */
export interface ModelConfig {
  readonly name: string;
  /** Folder of the sealed package; its signed manifest is read, nothing else. */
  readonly packageDirectory: string;
  readonly wrapKeyFile: string;
  readonly keyFormat: KeyFormat;
  /** The owner's public key, PEM. */
  readonly ownerKeyFile: string;
  /** Lowest package version that a node may serve. */
  readonly minimumVersion: number;
  /** How long a node may serve before its evidence is judged again, seconds; undefined for a key without end. */
  readonly leaseSeconds: number | undefined;
  /** Pins the software that gets the key. */
  readonly policy: AppraisalPolicy;
}

/** Configuration of a broker. File names are absolute. */
export interface BrokerConfig {
  /** The port of Sealserve's own protocol; undefined for a broker that only serves Gramine's. */
  readonly releasePort: PortConfig | undefined;
  readonly secretProvisioning: ProvisioningConfig | undefined;
  readonly collateral: CollateralConfig;
  /** Keeps how far each document of collateral has come, across restarts. */
  readonly collateralMemoryFile: string | undefined;
  /** PEM of a root that is trusted in place of Intel's. Everything then rests on a simulation and says so. */
  readonly simulatedRootFile: string | undefined;
  readonly auditLogFile: string | undefined;
  /** None without a release port. */
  readonly models: readonly ModelConfig[];
}

/**
 * Reads the YAML configuration of a broker.
 *
 * ```yaml
 * listen: 127.0.0.1:7443
 * tls: { key: broker.key, certificate: broker.crt }
 * collateral: { pccs: "https://localhost:8081" }   # or { file: collateral.json }
 * collateralMemory: collateral-memory.json         # optional: no way back to older collateral after a restart
 * simulatedRoot: root.pem                          # development only
 * auditLog: audit.jsonl                            # optional
 * models:
 *   - name: half_plus_two
 *     package: sealed/half_plus_two
 *     wrapKey: wrap.key
 *     keyFormat: raw                               # optional; or hex-nul, see {@link KeyFormat}
 *     ownerKey: owner.pub
 *     minimumVersion: 1
 *     lease: 1h                                    # optional: without one, a key cannot be taken back
 *     policy:
 *       sgx: { mrEnclave: ["<64 hex digits>"] }
 * secretProvisioning:                              # optional: the port for Gramine's protocol
 *   listen: 0.0.0.0:4433
 *   tls: { key: gramine.key, certificate: gramine.crt }   # optional: the one above
 *   allowTls13: false                              # optional: clients of Gramine 1.8 break under it
 *   maxConnections: 1024                           # optional
 *   maxConnectionsPerAddress: 256                  # optional
 *   secrets:                                       # optional: beside the wrap keys of the models
 *     - name: database-password
 *       file: password.txt
 *       format: string                             # optional: raw, hex-nul or string, see {@link SecretFormat}
 *       policy:
 *         sgx: { mrEnclave: ["<64 hex digits>"] }
 *   raConfig:                                      # optional: CCZoo's rules
 *     file: ra_config.json
 *     wrapKey: wrap_key
 *     keyFormat: raw                               # optional
 *     policy: { tcb: { statuses: [UpToDate] } }    # optional: everything but software
 * ```
 *
 * A port for Gramine's protocol that has secrets or CCZoo's rules can stand alone, without `listen` and `models`.
 *
 * @param file name for messages; relative file names start at its folder
 * @throws ConfigError, or BrokerError `policy-unpinned` or `policy-invalid`; the message names file, line, member, remedy
 */
export function parseBrokerConfig(yaml: string, file: string): BrokerConfig {
  return parseYamlDocument(yaml, file).mapping((root) => {
    const serves = root.optional("listen") !== undefined || root.optional("models") !== undefined;
    const tls = (serves ? root.required("tls") : root.optional("tls"))?.mapping(readTls);
    const names: TakenNames = new Set();
    const secretProvisioning = root
      .optional("secretProvisioning")
      ?.mapping((members) => readProvisioning(members, { tls, names }));
    const models = readModels(root, secretProvisioning, names);
    return {
      releasePort: models.length === 0 ? undefined : readReleasePort(root, tls),
      secretProvisioning,
      collateral: readCollateral(root.required("collateral")),
      collateralMemoryFile: root.optional("collateralMemory")?.filePath(),
      simulatedRootFile: root.optional("simulatedRoot")?.filePath(),
      auditLogFile: root.optional("auditLog")?.filePath(),
      models,
    };
  });
}

function readReleasePort(root: ConfigMapping, tls: TlsFiles | undefined): PortConfig {
  return {
    listen: root.required("listen").endpoint(DEFAULT_HOST),
    tls: tls ?? root.required("tls").mapping(readTls),
  };
}

/** None where there is neither a port for them nor a need: Gramine's port has something of its own to give. */
function readModels(
  root: ConfigMapping,
  provisioning: ProvisioningConfig | undefined,
  names: TakenNames,
): ModelConfig[] {
  const models = root.optional("models");
  const standsAlone = provisioning?.raConfig !== undefined || (provisioning?.secrets.length ?? 0) > 0;
  if (models === undefined && root.optional("listen") === undefined && standsAlone) {
    return [];
  }
  return (models ?? root.required("models"))
    .list()
    .map((entry) => entry.mapping((members) => readModel(members, names)));
}

function readCollateral(value: ConfigValue): CollateralConfig {
  return value.mapping((members) => {
    const pccs = members.optional("pccs");
    const file = members.optional("file");
    if (pccs !== undefined && file === undefined) {
      return { kind: "pccs", url: readHttpUrl(pccs) };
    }
    if (file !== undefined && pccs === undefined) {
      return { kind: "file", path: file.filePath() };
    }
    throw value.problem("needs exactly one of pccs and file", "keep the one to take collateral from");
  });
}

function readHttpUrl(value: ConfigValue): string {
  const text = value.string();
  const protocol = URL.canParse(text) ? new URL(text).protocol : "";
  if (protocol !== "https:" && protocol !== "http:") {
    throw value.problem("is not an http or https URL", "write for example https://localhost:8081");
  }
  return text;
}

function readModel(members: ConfigMapping, names: TakenNames): ModelConfig {
  return {
    name: readName(members.required("name"), names),
    packageDirectory: members.required("package").filePath(),
    wrapKeyFile: members.required("wrapKey").filePath(),
    keyFormat: members.optional("keyFormat")?.oneOf(KEY_FORMATS) ?? "raw",
    ownerKeyFile: members.required("ownerKey").filePath(),
    minimumVersion: members.required("minimumVersion").integer({ minimum: 1 }),
    leaseSeconds: members.optional("lease")?.duration(LEASE_BOUNDS),
    policy: readPolicy(members.required("policy")),
  };
}
