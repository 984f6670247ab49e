import { basename, dirname, join } from "node:path";
import type { ConfigMapping, ConfigValue } from "@sealserve/config";
import { definedOf } from "./defined-of.ts";
import type { ServiceConfig, UpstreamConfig } from "./service-config.ts";
import { FILL_MODES, isApiKey, NO_UPSTREAM, readProxy, readSchedule, readUrl } from "./upstream-config.ts";

/** A member that every file of Intel's PCCS has and no other. */
const MARK = "HTTPS_PORT";
const DEFAULT_HOST = "127.0.0.1";
/** Members that have no bearing here: another database, another log, another process. */
const WITHOUT_BEARING = ["OPENSSL_FIPS_MODE", "LogLevel", "DB_CONFIG", "sqlite", "mysql"];
const MAXIMUM_BODY = 64 * 1024 * 1024;
const HOUR_SECONDS = 3600;
const UNITS: Readonly<Record<string, number>> = { "": 1, b: 1, kb: 1024, mb: 1024 * 1024 };

/** Whether a configuration is the file of Intel's PCCS (`config/default.json`). */
export function isIntelConfig(root: ConfigValue): boolean {
  return root.entries().some(([name]) => name === MARK);
}

/** Reads that file. Key and certificate are where Intel's service has them, the database is made anew beside them. */
export function readIntelConfig(members: ConfigMapping, root: ConfigValue): ServiceConfig {
  for (const name of WITHOUT_BEARING) {
    members.optional(name);
  }
  const folder = serviceFolder(root);
  const stateFolder = join(folder, "collateral-state");
  return {
    listen: {
      host: members.optional("hosts")?.string() ?? DEFAULT_HOST,
      port: members.required(MARK).integer({ minimum: 0, maximum: 65_535 }),
    },
    // No member of Intel's: ours, for metrics and readiness.
    monitoring: members.optional("monitoring")?.endpoint(DEFAULT_HOST),
    tls: { key: join(folder, "ssl_key/private.pem"), certificate: join(folder, "ssl_key/file.crt") },
    stateFolder,
    database: { kind: "sqlite", file: `${stateFolder}/collateral.db` },
    tokens: definedOf({
      user: tokenHash(members.optional("UserTokenHash")),
      admin: tokenHash(members.optional("AdminTokenHash")),
    }),
    stale: "warn",
    strict: false,
    upstream: readUpstreamMembers(members),
    workers: 1,
    simulatedRootFile: undefined,
    limits: definedOf({
      maximumBody: bodySize(members.optional("MaxRequestBodySize")),
      headersTimeoutMs: milliseconds(members.optional("HeadersTimeoutSeconds")),
      requestTimeoutMs: milliseconds(members.optional("RequestTimeoutSeconds")),
      keepAliveTimeoutMs: milliseconds(members.optional("KeepAliveTimeoutSeconds")),
    }),
  };
}

/** Intel's service is started in its own folder, which holds `config/default.json` and `ssl_key`. */
function serviceFolder(root: ConfigValue): string {
  const folder = dirname(root.fileBeside("ssl_key"));
  return basename(folder) === "config" ? dirname(folder) : folder;
}

/** An empty text means that there is none. */
function readUpstreamMembers(members: ConfigMapping): UpstreamConfig {
  const given = (name: string): ConfigValue | undefined => {
    const value = members.optional(name);
    return value?.json() === "" ? undefined : value;
  };
  const key = readApiKey(given("ApiKey"));
  return {
    ...NO_UPSTREAM,
    mode: given("CachingFillMode")?.oneOf(FILL_MODES) ?? "LAZY",
    url: readUrl(given("uri")) ?? NO_UPSTREAM.url,
    apiKeys: key === undefined ? [] : [key],
    proxy: readProxy(given("proxy")),
    refresh: readSchedule(given("RefreshSchedule")),
  };
}

function readApiKey(value: ConfigValue | undefined): string | undefined {
  const key = value?.string();
  if (value !== undefined && !isApiKey(key ?? "")) {
    throw value.problem("is no subscription key", "write the key as Intel's portal shows it");
  }
  return key;
}

/** Intel's example has an empty text, with which nobody comes in. */
function tokenHash(value: ConfigValue | undefined): string | undefined {
  const text = value?.json();
  return typeof text === "string" ? text : undefined;
}

function bodySize(value: ConfigValue | undefined): number | undefined {
  if (value === undefined) {
    return undefined;
  }
  const json = value.json();
  const match = /^(\d{1,9})\s*(|b|kb|mb)$/i.exec(typeof json === "object" ? "" : String(json));
  const size = Number(match?.[1]) * (UNITS[match?.[2]?.toLowerCase() ?? ""] ?? 1);
  if (!(size > 0 && size <= MAXIMUM_BODY)) {
    throw value.problem("is no size", "write a number of bytes, or for example 2mb");
  }
  return size;
}

function milliseconds(value: ConfigValue | undefined): number | undefined {
  const seconds = value?.integer({ minimum: 1, maximum: HOUR_SECONDS });
  return seconds === undefined ? undefined : seconds * 1000;
}
