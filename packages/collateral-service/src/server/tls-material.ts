import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { ServiceError } from "../errors.ts";

/** PEM of the service's certificate chain and key. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
}

/** Files with the service's certificate chain and its key, PEM. */
export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
}

/** @throws ServiceError `file-unusable`, also when key and certificate do not belong together */
export async function readTlsMaterial({ certificate, key }: TlsFiles): Promise<TlsMaterial> {
  const material = {
    cert: await readText("TLS certificate", certificate),
    key: await readText("TLS key", key),
  };
  try {
    createSecureContext(material);
  } catch (cause) {
    throw new ServiceError("file-unusable", `the certificate ${certificate} and the key ${key} cannot be used`, {
      expected: "a certificate chain in PEM, and its private key",
      remedy: "check tls.certificate and tls.key in the configuration",
      cause,
    });
  }
  return material;
}

async function readText(what: string, file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new ServiceError("file-unusable", `the ${what} ${file} cannot be read`, {
      remedy: "check the path in the configuration, and that the service may read the file",
      cause,
    });
  }
}
