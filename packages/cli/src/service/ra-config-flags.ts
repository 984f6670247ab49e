import { type BrokerConfig, raConfigBroker } from "@sealserve/broker";
import { parseEndpoint } from "@sealserve/config";
import { Option } from "commander";
import { CliError } from "../errors.ts";

const DEFAULT_LISTEN = "0.0.0.0:4433";
/** Where Intel's own library looks when nothing else is configured. */
const DEFAULT_PCCS = "https://localhost:8081";

/** Flags of a broker that needs no YAML: the files of CCZoo's broker. */
export interface RaConfigFlags {
  readonly raConfig?: string;
  readonly wrapKey?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly listen?: string;
  readonly pccs?: string;
  readonly collateral?: string;
  readonly auditLog?: string;
  readonly simulatedRoot?: string;
  readonly insecureAcceptAnyEnclave?: true;
}

export const RA_CONFIG_HELP = `
In place of CCZoo's secret provisioning server, with its files and no YAML:
  sealserve broker --ra-config ra_config.json --wrap-key wrap_key --cert server.crt --key server.key`;

const NEEDED = ["raConfig", "wrapKey", "cert", "key"] as const;
const FLAGS: Readonly<Record<(typeof NEEDED)[number], string>> = {
  raConfig: "--ra-config",
  wrapKey: "--wrap-key",
  cert: "--cert",
  key: "--key",
};

/** The flags as options of the command; none of them goes together with `--config`. */
export function raConfigOptions(): Option[] {
  return [
    new Option("--ra-config <file>", "CCZoo's rules; the broker then serves Gramine's clients alone"),
    new Option("--wrap-key <file>", "the 16-byte key that they get"),
    new Option("--cert <file>", "certificate chain of the broker, PEM"),
    new Option("--key <file>", "its private key, PEM"),
    new Option("--listen <host:port>", `where it listens (default ${DEFAULT_LISTEN})`),
    new Option("--pccs <url>", `collateral service (default ${DEFAULT_PCCS})`),
    new Option("--collateral <file>", "collateral in a file, in place of a service").conflicts("pccs"),
    new Option("--audit-log <file>", "append every attempt to this file"),
    new Option("--simulated-root <file>", "development: trust this root in place of Intel's"),
    new Option("--insecure-accept-any-enclave", "development: take rules that name no software"),
  ].map((option) => option.conflicts("config"));
}

/** @throws CliError `usage` when a file is not named or the address is none */
export function readRaConfigFlags(flags: RaConfigFlags): BrokerConfig {
  const { raConfig, wrapKey, cert, key } = flags;
  if (raConfig === undefined || wrapKey === undefined || cert === undefined || key === undefined) {
    throw missing(flags);
  }
  return raConfigBroker({
    listen: readListen(flags.listen ?? DEFAULT_LISTEN),
    raConfigFile: raConfig,
    wrapKeyFile: wrapKey,
    tls: { key, certificate: cert },
    collateral:
      flags.collateral === undefined
        ? { kind: "pccs", url: flags.pccs ?? DEFAULT_PCCS }
        : { kind: "file", path: flags.collateral },
    simulatedRootFile: flags.simulatedRoot,
    auditLogFile: flags.auditLog,
    insecureAcceptAnyEnclave: flags.insecureAcceptAnyEnclave ?? false,
  });
}

function missing(flags: RaConfigFlags): CliError {
  const absent = NEEDED.filter((name) => flags[name] === undefined).map((name) => FLAGS[name]);
  if (absent.length === NEEDED.length) {
    return new CliError("usage", "no configuration is named", {
      remedy: "give --config, or --ra-config with its files",
    });
  }
  return new CliError("usage", `${absent.join(" and ")} missing beside the others`, {
    remedy: `give ${Object.values(FLAGS).join(", ")} together`,
  });
}

function readListen(text: string): NonNullable<ReturnType<typeof parseEndpoint>> {
  const endpoint = parseEndpoint(text, "0.0.0.0");
  if (endpoint === undefined) {
    throw new CliError("usage", `--listen ${text} is no address`, { remedy: `write for example ${DEFAULT_LISTEN}` });
  }
  return endpoint;
}
