import type { ConfigMapping, ConfigValue } from "@sealserve/config";
import type { SealedTlsOption } from "../options/server-options.ts";

const SOURCES = ["package", "ra-tls", "file"] as const;
const VERSIONS = ["TLSv1.2", "TLSv1.3"] as const;
const SECOND_MS = 1000;
/** Seconds. Evidence in a certificate is to be young. */
const LIFETIME_BOUNDS = { minimum: 60, maximum: 86_400 };
const DEFAULT_LIFETIME = 3600;

/**
 * Reads where the TLS key and certificate of a sealed node come from; the package when nothing is stated.
 *
 * ```yaml
 * tls: { from: package }                                  # sealed with the model
 * tls: { from: ra-tls, lifetime: 1h }                     # made in the TEE, with evidence in the certificate
 * tls: { from: ra-tls, minimumVersion: TLSv1.2 }          # for clients under Gramine up to 1.7
 * tls: { from: file, key: node.key, certificate: node.crt }
 * ```
 *
 * @throws ConfigError
 */
export function readSealedTls(value: ConfigValue | undefined): SealedTlsOption {
  return value === undefined ? { from: "package" } : value.mapping(readSource);
}

function readSource(tls: ConfigMapping): SealedTlsOption {
  const from = tls.required("from").oneOf(SOURCES);
  if (from === "ra-tls") {
    return {
      from,
      lifetimeMs: SECOND_MS * (tls.optional("lifetime")?.duration(LIFETIME_BOUNDS) ?? DEFAULT_LIFETIME),
      minimumVersion: tls.optional("minimumVersion")?.oneOf(VERSIONS) ?? "TLSv1.3",
    };
  }
  if (from === "file") {
    return { from, keyFile: tls.required("key").filePath(), certificateFile: tls.required("certificate").filePath() };
  }
  return { from };
}
