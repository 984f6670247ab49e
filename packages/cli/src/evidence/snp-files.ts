import type { SnpCollateral } from "@sealserve/attestation";
import { CoreError, decodePem, decodeUtf8 } from "@sealserve/core";
import { readNamedFile } from "../named-file.ts";

/** Files with what SEV-SNP reports are verified with; each DER or PEM. */
export interface SnpFiles {
  readonly vek?: string;
  readonly ask?: string;
  readonly ark?: string;
  readonly crl?: string;
}

const CERTIFICATES = ["vek", "ask", "ark"] as const;
const DER_SEQUENCE = 0x30;

/** The collateral in the files that were named. What is in them, the verifier looks at. */
export async function loadSnpCollateral(files: SnpFiles): Promise<SnpCollateral> {
  const collateral: { -readonly [Name in keyof SnpCollateral]: SnpCollateral[Name] } = {};
  for (const name of CERTIFICATES) {
    const file = files[name];
    if (file !== undefined) {
      collateral[name] = await readNamedFile(file);
    }
  }
  if (files.crl !== undefined) {
    collateral.crl = revocationListBytes(await readNamedFile(files.crl));
  }
  return collateral;
}

/** A list in DER; what is neither that nor one PEM block stays as it is, for the verifier to refuse. */
function revocationListBytes(content: Uint8Array): Uint8Array {
  if (content[0] === DER_SEQUENCE) {
    return content;
  }
  try {
    const [block, ...others] = decodePem(decodeUtf8(content), "X509 CRL");
    return block === undefined || others.length > 0 ? content : block.bytes;
  } catch (error) {
    if (error instanceof CoreError) {
      return content;
    }
    throw error;
  }
}
