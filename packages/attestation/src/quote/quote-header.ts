import { type ByteReader, encodeHex } from "@sealserve/core";
import { AttestationError } from "../errors.ts";

/** The one attestation key type in use: ECDSA over P-256 with SHA-256. */
const ECDSA_P256 = 2;

/** QE vendor id of Intel, `939a7233-f79c-4ca9-940a-0db3957f0607`. */
const INTEL_QE_VENDOR_ID = "939a7233f79c4ca9940a0db3957f0607";

/** Header of an Intel ECDSA quote (Intel SGX and TDX DCAP quote libraries, quote formats version 3 to 5). */
export interface QuoteHeader {
  readonly version: number;
  readonly attestationKeyType: number;
  readonly teeType: number;
  /** Version 3 only; not relevant for security: the SVN that counts is in the QE report. */
  readonly qeSvn: number;
  /** Version 3 only; not relevant for security: the SVN that counts is in the PCK certificate. */
  readonly pceSvn: number;
  /** 20 bytes; the first 16 identify the QE instance on its platform. */
  readonly userData: Uint8Array;
}

/**
 * Reads the 48 bytes of a quote header and refuses key types and vendors that no quote of Intel's QE carries.
 * @throws AttestationError `quote-key-type-unsupported`, `quote-qe-vendor-unknown`
 */
export function readQuoteHeader(reader: ByteReader): QuoteHeader {
  const header = {
    version: reader.u16(),
    attestationKeyType: reader.u16(),
    teeType: reader.u32(),
    qeSvn: reader.u16(),
    pceSvn: reader.u16(),
    vendor: encodeHex(reader.bytes(16)),
    userData: reader.bytes(20),
  };
  if (header.attestationKeyType !== ECDSA_P256) {
    throw new AttestationError("quote-key-type-unsupported", "quote is not signed with an ECDSA P-256 key", {
      expected: `${ECDSA_P256}`,
      actual: `${header.attestationKeyType}`,
    });
  }
  if (header.vendor !== INTEL_QE_VENDOR_ID) {
    throw new AttestationError("quote-qe-vendor-unknown", "quote does not come from Intel's quoting enclave", {
      expected: INTEL_QE_VENDOR_ID,
      actual: header.vendor,
    });
  }
  const { vendor: _, ...fields } = header;
  return fields;
}
