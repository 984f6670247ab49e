import {
  ByteReader,
  concatBytes,
  decodeHex,
  encodeBitString,
  encodeInteger,
  encodeNull,
  encodeOid,
  encodeSequence,
  equalBytes,
  sha256,
  verifyPlainSignature,
} from "@sealserve/core";
import { AttestationError } from "../errors.ts";
import { readSgxAttributes, type SgxAttributes } from "../quote/sgx-report-body.ts";

/** Length of an enclave's signature structure, in bytes. */
export const SIGSTRUCT_LENGTH = 1808;

const HEADER = decodeHex("06000000e10000000000010000000000");
const SECOND_HEADER = decodeHex("01010000600000006000000001000000");
const MODULUS_LENGTH = 384;
const EXPONENT = 3;
const RSA_ENCRYPTION = "1.2.840.113549.1.1.1";

/** What the signer of an enclave states, and what quotes about that enclave will say. */
export interface Sigstruct {
  readonly mrEnclave: Uint8Array;
  /** SHA-256 of the signer's modulus. */
  readonly mrSigner: Uint8Array;
  readonly isvProdId: number;
  readonly isvSvn: number;
  readonly attributes: SgxAttributes;
}

/**
 * Reads the signature structure of an enclave (Intel SDM volume 3D, "Enclave Signature Structure (SIGSTRUCT)"), as a `.sig` file
 * holds it, and checks the signer's signature, so that a damaged file gives no measurement. Who the signer is, is not judged.
 * @throws AttestationError `sigstruct-malformed`, `sigstruct-signature-invalid`
 */
export async function verifySigstruct(bytes: Uint8Array): Promise<Sigstruct> {
  if (bytes.length !== SIGSTRUCT_LENGTH) {
    throw new AttestationError("sigstruct-malformed", "an enclave's signature structure has another length", {
      expected: `${SIGSTRUCT_LENGTH} bytes`,
      actual: `${bytes.length} bytes`,
    });
  }
  expectHeaders(bytes);
  const modulus = bytes.subarray(128, 128 + MODULUS_LENGTH);
  await expectSignature(bytes, modulus);
  const reader = new ByteReader(bytes.subarray(928));
  const attributes = readSgxAttributes(reader.bytes(16));
  reader.bytes(16);
  const mrEnclave = reader.bytes(32);
  reader.bytes(32);
  return { mrEnclave, mrSigner: await sha256(modulus), isvProdId: reader.u16(), isvSvn: reader.u16(), attributes };
}

function expectHeaders(bytes: Uint8Array): void {
  const exponent = new ByteReader(bytes.subarray(512)).u32();
  if (
    !equalBytes(bytes.subarray(0, 16), HEADER) ||
    !equalBytes(bytes.subarray(24, 40), SECOND_HEADER) ||
    exponent !== EXPONENT
  ) {
    throw new AttestationError("sigstruct-malformed", "this is no enclave's signature structure", {
      remedy: "name the .sig file that gramine-sgx-sign wrote",
    });
  }
}

/** RSA-3072 with SHA-256 and exponent 3 over the two signed parts; numbers stand in little endian. */
async function expectSignature(bytes: Uint8Array, modulus: Uint8Array): Promise<void> {
  const signed = concatBytes(bytes.subarray(0, 128), bytes.subarray(900, 1028));
  const signature = bytes.subarray(516, 516 + MODULUS_LENGTH).toReversed();
  if (!(await verifyPlainSignature("sha256-with-rsa", publicKeyInfo(modulus), signature, signed))) {
    throw new AttestationError("sigstruct-signature-invalid", "the signature of the enclave's signer does not fit", {
      remedy: "the file is damaged; sign the enclave again",
    });
  }
}

function publicKeyInfo(modulus: Uint8Array): Uint8Array {
  const key = encodeSequence(encodeInteger(modulus.toReversed()), encodeInteger(EXPONENT));
  return encodeSequence(encodeSequence(encodeOid(RSA_ENCRYPTION), encodeNull()), encodeBitString(key));
}
