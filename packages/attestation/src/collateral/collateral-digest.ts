import { concatBytes, encodeHex, encodeUtf8, sha256 } from "@sealserve/core";
import type { Collateral } from "./collateral.ts";

/**
 * Names a set of collateral: SHA-256, in hex, over its members in the order of {@link Collateral}, texts as UTF-8, each
 * behind its length in 4 bytes (big endian). A PCK chain that is not there counts as an empty one.
 */
export async function collateralDigest(collateral: Collateral): Promise<string> {
  const members = [
    encodeUtf8(collateral.tcbInfo),
    encodeUtf8(collateral.tcbInfoSignature),
    encodeUtf8(collateral.tcbInfoIssuerChain),
    encodeUtf8(collateral.qeIdentity),
    encodeUtf8(collateral.qeIdentitySignature),
    encodeUtf8(collateral.qeIdentityIssuerChain),
    collateral.rootCaCrl,
    collateral.pckCrl,
    encodeUtf8(collateral.pckCrlIssuerChain),
    encodeUtf8(collateral.pckCertificateChain ?? ""),
  ];
  return digestMembers(members);
}

/** SHA-256, in hex, over byte strings, each behind its length in 4 bytes (big endian). */
export async function digestMembers(members: readonly Uint8Array[]): Promise<string> {
  return encodeHex(await sha256(concatBytes(...members.flatMap((member) => [lengthOf(member), member]))));
}

function lengthOf(bytes: Uint8Array): Uint8Array {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes.length);
  return length;
}
