import { join } from "node:path";
import {
  type Certificate,
  createCertificate,
  decodePem,
  equalBytes,
  type NameAttribute,
  parseCertificate,
  SealserveError,
  type SigningKey,
} from "@sealserve/core";
import { CliError } from "../errors.ts";
import { readNamedText } from "../named-file.ts";
import { generateKey, importKey, type KeyType } from "./key-type.ts";
import { randomSerial } from "./serial.ts";
import type { Validity } from "./validity.ts";

/** A private CA with its key. */
export interface Authority {
  readonly certificate: Certificate;
  readonly key: SigningKey;
}

/** A new CA, that signs servers and clients but no further CAs. */
export async function createAuthority(keyType: KeyType, { notBefore, notAfter }: Validity): Promise<Authority> {
  const key = await generateKey(keyType);
  const name: NameAttribute[] = [{ type: "CN", value: "Sealserve private CA" }];
  const certificate = await createCertificate({
    subject: name,
    issuer: name,
    serialNumber: randomSerial(),
    notBefore,
    notAfter,
    publicKeyInfo: key.publicKeyInfo,
    signer: key,
    ca: { pathLength: 0 },
    keyUsage: ["keyCertSign", "cRLSign"],
    keyIdentifiers: true,
  });
  return { certificate: parseCertificate(certificate), key };
}

/**
 * The CA that an earlier run left in a folder (`ca.crt`, `ca.key`).
 * @throws CliError `ca-unusable` when it cannot sign until `notAfter`
 */
export async function loadAuthority(directory: string, { notAfter }: Validity): Promise<Authority> {
  const authority = await readAuthority(directory);
  const { certificate, key } = authority;
  if (!equalBytes(certificate.publicKeyInfo, key.publicKeyInfo)) {
    throw unusable(directory, "ca.key does not belong to ca.crt");
  }
  if (!certificate.isCa || certificate.keyUsage?.has("keyCertSign") === false) {
    throw unusable(directory, "ca.crt is not the certificate of a CA");
  }
  if (certificate.notAfter < notAfter) {
    throw new CliError("ca-unusable", `${join(directory, "ca.crt")} ends before the new certificate would`, {
      expected: `valid until ${notAfter.toISOString()}`,
      actual: certificate.notAfter.toISOString(),
      remedy: "ask for fewer --days, or make a new CA and hand it to the clients",
    });
  }
  return authority;
}

async function readAuthority(directory: string): Promise<Authority> {
  const [certificatePem, keyPem] = await Promise.all([
    readNamedText(join(directory, "ca.crt")),
    readNamedText(join(directory, "ca.key")),
  ]);
  try {
    const certificate = parseCertificate(onlyBlock(certificatePem, "CERTIFICATE"));
    return { certificate, key: await importKey(onlyBlock(keyPem, "PRIVATE KEY"), certificate.publicKeyInfo) };
  } catch (error) {
    if (error instanceof SealserveError) {
      throw unusable(directory, error.message);
    }
    throw error;
  }
}

function onlyBlock(pem: string, label: string): Uint8Array {
  const [block, ...others] = decodePem(pem, label);
  if (block === undefined || others.length > 0) {
    throw new CliError("ca-unusable", `expected one ${label}`);
  }
  return block.bytes;
}

function unusable(directory: string, problem: string): CliError {
  return new CliError("ca-unusable", `the CA in ${directory} cannot be used: ${problem}`, {
    remedy: "name a folder that sealserve certs made, with ca.crt and ca.key",
  });
}
