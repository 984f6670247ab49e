import { type ConfigMapping, type ConfigValue, type Endpoint, parseYamlDocument } from "@sealserve/config";
import type { TokenHashes } from "../http/tokens.ts";
import type { ServiceLimits } from "../server/limits.ts";
import { definedOf } from "./defined-of.ts";
import { isIntelConfig, readIntelConfig } from "./intel-config.ts";
import type { DatabaseConfig, ServiceConfig } from "./service-config.ts";
import { NO_UPSTREAM, readUpstream } from "./upstream-config.ts";

const DEFAULT_LISTEN: Endpoint = { host: "127.0.0.1", port: 8081 };
const DEFAULT_STATE = "collateral-state";
const MAXIMUM_WORKERS = 64;
const MAXIMUM_BODY = 64 * 1024 * 1024;
const HOUR_SECONDS = 3600;

/**
 * Reads the configuration of a collateral service: YAML, or the JSON file of Intel's PCCS as it is.
 *
 * ```yaml
 * listen: 127.0.0.1:8081                 # optional
 * monitoring: 127.0.0.1:8082             # optional: metrics, readiness and the forecast, over plain HTTP; without it nowhere
 * state: /var/lib/collateral             # optional: for the database and certificate that the service makes itself
 * tls: { key: tls.key, certificate: tls.crt }   # optional
 * database: { postgres: "postgresql://user@host/collateral" }   # optional; or { sqlite: collateral.db }
 * tokens:                                # SHA-512 of each token, 128 hex digits; without one nobody is let in
 *   user: "<128 hex digits>"
 *   admin: "<128 hex digits>"
 * stale: warn                            # optional; or refuse: documents past their next update
 * strict: true                           # optional: 405 and 415 for wrong methods and media types
 * upstream:                              # optional: without it, an administrator uploads everything
 *   mode: LAZY                           # fills at each miss; REQ: at registrations; OFFLINE: never
 *   url: https://api.trustedservices.intel.com/sgx/certification/v4/   # optional
 *   apiKeys: [pcs-primary.key]           # optional: files with a subscription key each
 *   amdUrl: https://kdsintf.amd.com      # optional
 *   proxy: http://proxy.example:3128     # optional
 *   tlsRoots: company-roots.pem          # optional
 *   refresh: "0 0 1 * * *"               # optional: cron with seconds, or an interval such as 12h
 * workers: 2                             # optional: processes that answer
 * simulatedRoot: root.pem                # development only
 * limits: { maximumBody: 2097152, requestsPerSecond: 500, requestBurst: 2000, missesPerSecond: 10, missBurst: 500, requestTimeout: 15s }   # optional
 * ```
 *
 * @param file name for messages; relative file names start at its folder
 * @throws ConfigError
 */
export function parseServiceConfig(text: string, file: string): ServiceConfig {
  const root = parseYamlDocument(text, file);
  return root.mapping((members) => (isIntelConfig(root) ? readIntelConfig(members, root) : readConfig(members, root)));
}

function readConfig(members: ConfigMapping, root: ConfigValue): ServiceConfig {
  const stateFolder = members.optional("state")?.filePath() ?? root.fileBeside(DEFAULT_STATE);
  return {
    listen: members.optional("listen")?.endpoint(DEFAULT_LISTEN.host) ?? DEFAULT_LISTEN,
    monitoring: members.optional("monitoring")?.endpoint(DEFAULT_LISTEN.host),
    tls: members.optional("tls")?.mapping((tls) => ({
      key: tls.required("key").filePath(),
      certificate: tls.required("certificate").filePath(),
    })),
    stateFolder,
    database: readDatabase(members.optional("database"), stateFolder),
    tokens: members.optional("tokens")?.mapping(readTokens) ?? {},
    stale: members.optional("stale")?.oneOf(["warn", "refuse"]) ?? "warn",
    strict: members.optional("strict")?.boolean() ?? false,
    upstream: members.optional("upstream")?.mapping(readUpstream) ?? NO_UPSTREAM,
    workers: members.optional("workers")?.integer({ minimum: 1, maximum: MAXIMUM_WORKERS }) ?? 1,
    simulatedRootFile: members.optional("simulatedRoot")?.filePath(),
    limits: members.optional("limits")?.mapping(readLimits) ?? {},
  };
}

function readDatabase(value: ConfigValue | undefined, stateFolder: string): DatabaseConfig {
  const chosen = value?.mapping((members): DatabaseConfig | undefined => {
    const file = members.optional("sqlite")?.filePath();
    const url = members.optional("postgres");
    if (url === undefined) {
      return file === undefined ? undefined : { kind: "sqlite", file };
    }
    if (file !== undefined || !/^postgres(?:ql)?:\/\/[^:@/]*@?[^@]*$/.test(url.string())) {
      throw url.problem(
        "is no URL, names a password, or stands beside sqlite",
        "write postgresql://USER@HOST/DATABASE; a password comes from the password file",
      );
    }
    return { kind: "postgres", url: url.string() };
  });
  return chosen ?? { kind: "sqlite", file: `${stateFolder}/collateral.db` };
}

function readTokens(members: ConfigMapping): TokenHashes {
  const hash = (name: string): string | undefined => {
    const value = members.optional(name);
    if (value !== undefined && !/^[0-9a-fA-F]{128}$/.test(value.string())) {
      throw value.problem(
        "is no SHA-512 in hex",
        "write 128 hex digits, as `sealserve collateral hash-token` prints them",
      );
    }
    return value?.string();
  };
  return definedOf({ user: hash("user"), admin: hash("admin") });
}

function readLimits(members: ConfigMapping): Partial<ServiceLimits> {
  const number = (name: string, maximum: number): number | undefined =>
    members.optional(name)?.integer({ minimum: 1, maximum });
  const milliseconds = (name: string): number | undefined => {
    const seconds = members.optional(name)?.duration({ minimum: 1, maximum: HOUR_SECONDS });
    return seconds === undefined ? undefined : seconds * 1000;
  };
  return definedOf({
    maximumBody: number("maximumBody", MAXIMUM_BODY),
    requestsPerSecond: number("requestsPerSecond", Number.MAX_SAFE_INTEGER),
    requestBurst: number("requestBurst", Number.MAX_SAFE_INTEGER),
    missesPerSecond: number("missesPerSecond", Number.MAX_SAFE_INTEGER),
    missBurst: number("missBurst", Number.MAX_SAFE_INTEGER),
    maxConnections: number("maxConnections", 1 << 20),
    maxConnectionsPerAddress: number("maxConnectionsPerAddress", 1 << 20),
    headersTimeoutMs: milliseconds("headersTimeout"),
    requestTimeoutMs: milliseconds("requestTimeout"),
    keepAliveTimeoutMs: milliseconds("keepAliveTimeout"),
  });
}
