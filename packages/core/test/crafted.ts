import { encodeSignatureAlgorithm } from "../src/crypto/signature-algorithm.ts";
import { generateEcKey } from "../src/crypto/signing-key.ts";
import {
  encodeBitString,
  encodeContext,
  encodeInteger,
  encodeSequence,
  encodeUtcOrGeneralizedTime,
} from "../src/der/encode.ts";
import { type ExtensionOptions, encodeExtensions } from "../src/x509/extensions.ts";
import { encodeName } from "../src/x509/name.ts";

/** Fields of a certificate or revocation list as DER, in their order; an empty one is left out. */
export type CraftedFields = Record<string, Uint8Array>;

const NONE = new Uint8Array(0);
const algorithm = encodeSignatureAlgorithm("ecdsa-with-sha256");
const name = encodeName([{ type: "CN", value: "crafted" }]);
const notBefore = encodeUtcOrGeneralizedTime(new Date("2024-01-01T00:00:00Z"));
const notAfter = encodeUtcOrGeneralizedTime(new Date("2034-01-01T00:00:00Z"));
const { publicKeyInfo } = await generateEcKey("P-256");

const certificateFields: CraftedFields = {
  version: encodeContext(0, true, encodeInteger(2)),
  serialNumber: encodeInteger(1),
  algorithm,
  issuer: name,
  validity: encodeSequence(notBefore, notAfter),
  subject: name,
  publicKeyInfo,
  issuerUniqueId: NONE,
  extensions: NONE,
  trailing: NONE,
};

const listFields: CraftedFields = {
  version: encodeInteger(1),
  algorithm,
  issuer: name,
  thisUpdate: notBefore,
  nextUpdate: notAfter,
  entries: NONE,
  extensions: NONE,
  trailing: NONE,
};

/** A certificate with these fields in place of sound ones, under a signature that is none. */
export function craftedCertificate(overrides: CraftedFields = {}): Uint8Array {
  return wrapped({ ...certificateFields, ...overrides });
}

/** A revocation list with these fields in place of sound ones, under a signature that is none. */
export function craftedList(overrides: CraftedFields = {}): Uint8Array {
  return wrapped({ ...listFields, ...overrides });
}

/** A certificate with these extensions. */
export function craftedWithExtensions(...extensions: readonly ExtensionOptions[]): Uint8Array {
  return craftedCertificate({ extensions: encodeContext(3, true, encodeExtensions(extensions)) });
}

function wrapped(fields: CraftedFields): Uint8Array {
  return encodeSequence(encodeSequence(...Object.values(fields)), algorithm, encodeBitString(new Uint8Array(70)));
}
