import type { ConfigMapping, Endpoint } from "@sealserve/config";

/** Where a port listens when only its number is given. */
export const DEFAULT_HOST = "127.0.0.1";

/** A TLS identity in files: PEM. */
export interface TlsFiles {
  readonly key: string;
  readonly certificate: string;
}

/** A port of the broker. */
export interface PortConfig {
  readonly listen: Endpoint;
  readonly tls: TlsFiles;
}

/** Reads the files of a TLS identity. */
export function readTls(members: ConfigMapping): TlsFiles {
  return { key: members.required("key").filePath(), certificate: members.required("certificate").filePath() };
}
