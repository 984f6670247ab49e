import type { ApiVersion } from "../store/document-key.ts";
import { UpstreamSettingsError } from "./settings-error.ts";

/** Where Intel's service, or one that speaks like it, is. */
export interface PcsAddress {
  /** Base of the SGX paths, with the slash at its end. */
  readonly sgx: string;
  /** Base of the TDX paths; version 3 has none. */
  readonly tdx: string | undefined;
  readonly version: ApiVersion;
}

const PATH = /^\/sgx\/certification\/v([34])\/$/;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Intel's own service. */
export const INTEL_PCS = "https://api.trustedservices.intel.com/sgx/certification/v4/";

/**
 * Reads the URL that an operator gives.
 * @throws UpstreamSettingsError unless it is `https://HOST/sgx/certification/v3/` or `/v4/`; plain
 * HTTP only on this machine, since a subscription key and encrypted platform ids travel with the requests
 */
export function parsePcsAddress(text: string): PcsAddress {
  const url = URL.parse(text.endsWith("/") ? text : `${text}/`);
  const version = PATH.exec(url?.pathname ?? "")?.[1];
  const secure = url?.protocol === "https:" || (url?.protocol === "http:" && LOOPBACK.test(url.hostname));
  if (url === null || version === undefined || !secure || hasMore(url)) {
    throw new UpstreamSettingsError("upstream-settings-invalid", "the URL of the upstream cannot be used", {
      expected: "https://HOST/sgx/certification/v4/",
      remedy: `use ${INTEL_PCS}, or another service with the same paths over HTTPS`,
    });
  }
  const sgx = `${url.origin}${url.pathname}`;
  return version === "3"
    ? { sgx, tdx: undefined, version: 3 }
    : { sgx, tdx: `${url.origin}${url.pathname.replace("/sgx/", "/tdx/")}`, version: 4 };
}

function hasMore({ username, password, search, hash }: URL): boolean {
  return `${username}${password}${search}${hash}` !== "";
}
