import { UpstreamSettingsError } from "./settings-error.ts";

/** Where Intel's service, or one that speaks like it, is: bases of its paths, API version 4, with the slash at their ends. */
export interface PcsAddress {
  readonly sgx: string;
  readonly tdx: string;
}

const PATH = /^\/sgx\/certification\/v([0-9]+)\/$/;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Intel's own service. */
export const INTEL_PCS = "https://api.trustedservices.intel.com/sgx/certification/v4/";

/**
 * Reads the URL that an operator gives.
 * @throws UpstreamSettingsError unless it is `https://HOST/sgx/certification/v4/`; plain HTTP only on this machine, since a
 * subscription key and encrypted platform ids travel with the requests
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
  if (version !== "4") {
    throw new UpstreamSettingsError(
      "upstream-settings-invalid",
      `nothing is fetched by version ${version} of the API`,
      {
        expected: "https://HOST/sgx/certification/v4/",
        remedy: `use ${INTEL_PCS}: everything is fetched by version 4, and what was uploaded for version 3 is served all the same`,
      },
    );
  }
  const sgx = `${url.origin}${url.pathname}`;
  return { sgx, tdx: sgx.replace("/sgx/", "/tdx/") };
}

function hasMore({ username, password, search, hash }: URL): boolean {
  return `${username}${password}${search}${hash}` !== "";
}
