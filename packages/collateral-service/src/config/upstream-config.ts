import type { ConfigMapping, ConfigValue } from "@sealserve/config";
import { SealserveError } from "@sealserve/core";
import type { FillMode } from "../fill.ts";
import { parseSchedule, type Schedule } from "../refresh/schedule.ts";
import { INTEL_PCS, parsePcsAddress } from "../upstream/pcs-address.ts";
import type { UpstreamConfig } from "./service-config.ts";

export const FILL_MODES: readonly FillMode[] = ["LAZY", "REQ", "OFFLINE"];

/** For a service that an administrator alone fills. */
export const NO_UPSTREAM: UpstreamConfig = {
  mode: "OFFLINE",
  url: INTEL_PCS,
  apiKeyFiles: [],
  apiKeys: [],
  amdUrl: undefined,
  proxy: undefined,
  tlsRootsFile: undefined,
  refresh: undefined,
};

/** As Intel's service refreshes unless told otherwise: at one in the morning. */
const DEFAULT_REFRESH = "0 0 1 * * *";

/** Reads the member `upstream`. @throws ConfigError */
export function readUpstream(members: ConfigMapping): UpstreamConfig {
  const keys = members.optional("apiKeys")?.list() ?? [];
  return {
    mode: members.required("mode").oneOf(FILL_MODES),
    url: readUrl(members.optional("url")) ?? INTEL_PCS,
    apiKeyFiles: keys.map((key) => key.filePath()),
    apiKeys: [],
    amdUrl: members.optional("amdUrl")?.string(),
    proxy: readProxy(members.optional("proxy")),
    tlsRootsFile: members.optional("tlsRoots")?.filePath(),
    refresh: readSchedule(members.optional("refresh")),
  };
}

/** @throws ConfigError for anything but the base of a service of Intel's kind */
export function readUrl(value: ConfigValue | undefined): string | undefined {
  return value && checked(value, value.string(), (text) => parsePcsAddress(text).sgx);
}

/** Whether a text can be a subscription key, which travels in a header. */
export function isApiKey(text: string): boolean {
  return /^[\x21-\x7e]{1,256}$/.test(text);
}

/** A cron expression of six fields, or an interval. @throws ConfigError */
export function readSchedule(value: ConfigValue | undefined): Schedule {
  return value === undefined ? parseSchedule(DEFAULT_REFRESH) : checked(value, value.string(), parseSchedule);
}

/** @throws ConfigError for a URL with a path or secrets */
export function readProxy(value: ConfigValue | undefined): string | undefined {
  const text = value?.string();
  const url = URL.parse(text ?? "");
  if (
    value !== undefined &&
    (url?.protocol !== "http:" || url.pathname !== "/" || `${url.username}${url.password}` !== "")
  ) {
    throw value.problem("is no proxy", "write http://HOST:PORT");
  }
  return text;
}

function checked<Result>(value: ConfigValue, text: string, read: (text: string) => Result): Result {
  try {
    return read(text);
  } catch (error) {
    if (error instanceof SealserveError) {
      throw value.problem(error.message, error.remedy ?? `write ${error.expected ?? "another value"}`);
    }
    throw error;
  }
}
