import type { AppraisalPolicy } from "@sealserve/attestation";
import { type ConfigMapping, type ConfigValue, type Endpoint, parseYamlDocument } from "@sealserve/config";
import { isModelName } from "@sealserve/encrypted-files";
import { readPolicy } from "./policy.ts";

const DEFAULT_HOST = "127.0.0.1";

/** A TLS identity in files: PEM. */
export interface TlsFiles {
  readonly key: string;
  readonly certificate: string;
}

/** Where the broker finds collateral: a PCCS (base URL), or a file that is read at the start. */
export type CollateralConfig =
  | { readonly kind: "pccs"; readonly url: string }
  | { readonly kind: "file"; readonly path: string };

/**
 * How a wrap key stands in an answer on the port for Gramine's protocol: its 16 bytes, or 32 lower-case hex digits and a
 * NUL, which enclaves of Gramine 1.0 to 1.2 need that fetch it before their program starts.
 */
export type KeyFormat = "raw" | "hex-nul";

const KEY_FORMATS: readonly KeyFormat[] = ["raw", "hex-nul"];

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
  /** Pins the software that gets the key. */
  readonly policy: AppraisalPolicy;
}

/** Configuration of a broker. File names are absolute. */
export interface BrokerConfig {
  readonly listen: Endpoint;
  readonly tls: TlsFiles;
  /** The port for enclaves that speak Gramine's secret provisioning protocol. */
  readonly secretProvisioning: { readonly listen: Endpoint; readonly tls: TlsFiles } | undefined;
  readonly collateral: CollateralConfig;
  /** Keeps how far each document of collateral has come, across restarts. */
  readonly collateralMemoryFile: string | undefined;
  /** PEM of a root that is trusted in place of Intel's. Everything then rests on a simulation and says so. */
  readonly simulatedRootFile: string | undefined;
  readonly auditLogFile: string | undefined;
  readonly models: readonly ModelConfig[];
}

/**
 * Reads the YAML configuration of a broker.
 *
 * ```yaml
 * listen: 127.0.0.1:7443
 * tls: { key: broker.key, certificate: broker.crt }
 * secretProvisioning: { listen: "0.0.0.0:4433" }   # optional; tls as above unless given
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
 *     policy:
 *       sgx: { mrEnclave: ["<64 hex digits>"] }
 * ```
 *
 * @param file name for messages; relative file names start at its folder
 * @throws ConfigError, or BrokerError `policy-unpinned` or `policy-invalid`; the message names file, line, member, remedy
 */
export function parseBrokerConfig(yaml: string, file: string): BrokerConfig {
  return parseYamlDocument(yaml, file).mapping((root) => {
    const tls = root.required("tls").mapping(readTls);
    return {
      listen: root.required("listen").endpoint(DEFAULT_HOST),
      tls,
      secretProvisioning: root.optional("secretProvisioning")?.mapping((members) => ({
        listen: members.required("listen").endpoint(DEFAULT_HOST),
        tls: members.optional("tls")?.mapping(readTls) ?? tls,
      })),
      collateral: readCollateral(root.required("collateral")),
      collateralMemoryFile: root.optional("collateralMemory")?.filePath(),
      simulatedRootFile: root.optional("simulatedRoot")?.filePath(),
      auditLogFile: root.optional("auditLog")?.filePath(),
      models: readModels(root.required("models")),
    };
  });
}

function readTls(members: ConfigMapping): TlsFiles {
  return { key: members.required("key").filePath(), certificate: members.required("certificate").filePath() };
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

function readModels(value: ConfigValue): ModelConfig[] {
  const names = new Set<string>();
  return value.list().map((entry) => {
    const model = entry.mapping(readModel);
    if (names.has(model.name)) {
      throw entry.problem("a model of this name stands above", "name each model once", ["name"]);
    }
    names.add(model.name);
    return model;
  });
}

function readModel(members: ConfigMapping): ModelConfig {
  return {
    name: readName(members.required("name")),
    packageDirectory: members.required("package").filePath(),
    wrapKeyFile: members.required("wrapKey").filePath(),
    keyFormat: members.optional("keyFormat")?.oneOf(KEY_FORMATS) ?? "raw",
    ownerKeyFile: members.required("ownerKey").filePath(),
    minimumVersion: members.required("minimumVersion").integer({ minimum: 1 }),
    policy: readPolicy(members.required("policy")),
  };
}

function readName(value: ConfigValue): string {
  const name = value.string();
  if (!isModelName(name)) {
    throw value.problem("is not a model name", "write the name that the package was sealed under");
  }
  return name;
}
