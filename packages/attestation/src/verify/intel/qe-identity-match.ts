import { encodeHex, equalBytes } from "@sealserve/core";
import type { QeIdentity } from "../../collateral/qe-identity.ts";
import { AttestationError, type ProofErrorCode } from "../../errors.ts";
import type { SgxReportBody } from "../../quote/sgx-report-body.ts";
import { maskedBytes } from "./masked-bytes.ts";

/**
 * Refuses a QE report of an enclave that is not Intel's quoting enclave. Without this check the owner of any genuine
 * platform could sign quotes with an enclave of their own.
 * @throws AttestationError the `qe-identity-…-mismatch` of the field, `qe-debug`
 */
export function matchQeIdentity(report: SgxReportBody, identity: QeIdentity): void {
  expectMasked(
    miscSelectBytes(report),
    identity.miscSelect,
    identity.miscSelectMask,
    "qe-identity-miscselect-mismatch",
  );
  expectMasked(report.attributes.raw, identity.attributes, identity.attributesMask, "qe-identity-attributes-mismatch");
  expectSame(encodeHex(report.mrSigner), identity.mrSigner, "qe-identity-mrsigner-mismatch");
  expectSame(`${report.isvProdId}`, `${identity.isvProdId}`, "qe-identity-isv-prod-id-mismatch");
  if (report.attributes.debug) {
    throw new AttestationError("qe-debug", "quoting enclave runs in debug mode");
  }
}

/** MISCSELECT in wire order, as the identity has it. */
function miscSelectBytes({ miscSelect }: SgxReportBody): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, miscSelect, true);
  return bytes;
}

function expectMasked(actual: Uint8Array, expected: Uint8Array, mask: Uint8Array, code: ProofErrorCode): void {
  const masked = maskedBytes(actual, mask);
  if (!equalBytes(masked, expected)) {
    throw mismatch(code, encodeHex(expected), encodeHex(masked));
  }
}

function expectSame(actual: string, expected: string, code: ProofErrorCode): void {
  if (actual !== expected) {
    throw mismatch(code, expected, actual);
  }
}

function mismatch(code: ProofErrorCode, expected: string, actual: string): AttestationError {
  return new AttestationError(code, "quote was signed by an enclave other than the quoting enclave", {
    expected,
    actual,
  });
}
