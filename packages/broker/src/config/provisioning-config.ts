import type { AppraisalPolicy } from "@sealserve/attestation";
import type { ConfigMapping, ConfigValue } from "@sealserve/config";
import { readPlatformPolicy, readPolicy } from "./policy.ts";
import { DEFAULT_HOST, type PortConfig, readTls, type TlsFiles } from "./port-config.ts";
import { readName, type TakenNames } from "./read-name.ts";
import { KEY_FORMATS, type KeyFormat, SECRET_FORMATS, type SecretFormat } from "./secret-format.ts";

const MAX_CONNECTIONS = 10_000;

/** A secret for enclaves that meet a policy. */
export interface SecretConfig {
  /** Stands in the log. */
  readonly name: string;
  readonly file: string;
  readonly format: SecretFormat;
  /** Pins the software that gets the secret. */
  readonly policy: AppraisalPolicy;
}

/** Rules in the `ra_config.json` of CCZoo's broker, and the wrap key that they guard. */
export interface RaConfigSource {
  readonly file: string;
  readonly wrapKeyFile: string;
  readonly keyFormat: KeyFormat;
  /** What the file says nothing about: TCB, debug, machines. It pins no software. */
  readonly platform: AppraisalPolicy;
  /** Development only: rules that name no software are used, not refused. */
  readonly insecureAcceptAnyEnclave: boolean;
}

/** The port for enclaves that speak Gramine's secret provisioning protocol. */
export interface ProvisioningConfig extends PortConfig {
  /** Clients of Gramine 1.8 break under TLS 1.3, so it is offered only where the owner has none of them. */
  readonly allowTls13: boolean;
  /** Connections at one time, in all and from one address; undefined for the broker's own bounds. */
  readonly maxConnections: number | undefined;
  readonly maxConnectionsPerAddress: number | undefined;
  /** Tried before {@link raConfig} and the models, in their order. */
  readonly secrets: readonly SecretConfig[];
  readonly raConfig: RaConfigSource | undefined;
}

/** What the rest of the configuration has to do with the port. */
export interface ProvisioningContext {
  /** TLS identity of the broker, for use here where none is given. */
  readonly tls: TlsFiles | undefined;
  readonly names: TakenNames;
}

/** Reads the member `secretProvisioning`. @throws ConfigError, BrokerError */
export function readProvisioning(members: ConfigMapping, { tls, names }: ProvisioningContext): ProvisioningConfig {
  return {
    listen: members.required("listen").endpoint(DEFAULT_HOST),
    tls: readOwnTls(members) ?? tls ?? members.required("tls").mapping(readTls),
    allowTls13: members.optional("allowTls13")?.boolean() ?? false,
    maxConnections: readCount(members.optional("maxConnections")),
    maxConnectionsPerAddress: readCount(members.optional("maxConnectionsPerAddress")),
    secrets:
      members
        .optional("secrets")
        ?.list()
        .map((entry) => readSecret(entry, names)) ?? [],
    raConfig: members.optional("raConfig")?.mapping(readRaConfigSource),
  };
}

function readOwnTls(members: ConfigMapping): TlsFiles | undefined {
  return members.optional("tls")?.mapping(readTls);
}

function readCount(value: ConfigValue | undefined): number | undefined {
  return value?.integer({ minimum: 1, maximum: MAX_CONNECTIONS });
}

function readSecret(value: ConfigValue, names: TakenNames): SecretConfig {
  return value.mapping((members) => ({
    name: readName(members.required("name"), names),
    file: members.required("file").filePath(),
    format: members.optional("format")?.oneOf(SECRET_FORMATS) ?? "raw",
    policy: readPolicy(members.required("policy")),
  }));
}

function readRaConfigSource(members: ConfigMapping): RaConfigSource {
  return {
    file: members.required("file").filePath(),
    wrapKeyFile: members.required("wrapKey").filePath(),
    keyFormat: members.optional("keyFormat")?.oneOf(KEY_FORMATS) ?? "raw",
    platform: readPlatformPolicy(members.optional("policy")),
    insecureAcceptAnyEnclave: members.optional("insecureAcceptAnyEnclave")?.boolean() ?? false,
  };
}
