import { encodeHex, type JsonValue } from "@sealserve/core";
import { encodeU32, encodeU64 } from "./little-endian.ts";
import { QUOTING_ENCLAVE } from "./quoting-enclave.ts";
import type { Members } from "./signed-document.ts";
import { encodeDate, encodeLevelState, type QeTcbLevel } from "./tcb-level.ts";
import type { Window } from "./validity.ts";

/** All flags count but MODE64BIT; XFRM does not count. */
const ATTRIBUTES_MASK = "FBFFFFFFFFFFFFFF0000000000000000";
const MODE64BIT = 0x04n;

/** What a QE identity is made from. */
export interface QeIdentityFields extends Window {
  readonly tcbEvaluationDataNumber: number;
  readonly tcbLevels: readonly QeTcbLevel[];
}

/** The members of the SGX QE identity, version 2 (Intel PCS API version 4), in the order in which Intel writes them. */
export function qeIdentityMembers(fields: QeIdentityFields): Members {
  return {
    id: "QE",
    version: 2,
    issueDate: encodeDate(fields.issueDate),
    nextUpdate: encodeDate(fields.nextUpdate),
    tcbEvaluationDataNumber: fields.tcbEvaluationDataNumber,
    miscselect: encodeHex(encodeU32(QUOTING_ENCLAVE.miscSelect)).toUpperCase(),
    miscselectMask: "FFFFFFFF",
    attributes: `${encodeHex(encodeU64(QUOTING_ENCLAVE.flags & ~MODE64BIT)).toUpperCase()}0000000000000000`,
    attributesMask: ATTRIBUTES_MASK,
    mrsigner: QUOTING_ENCLAVE.mrSigner.toUpperCase(),
    isvprodid: QUOTING_ENCLAVE.isvProdId,
    tcbLevels: fields.tcbLevels.map(encodeLevel),
  };
}

function encodeLevel(level: QeTcbLevel): JsonValue {
  return { tcb: { isvsvn: level.isvSvn }, ...encodeLevelState(level) };
}

/** The level that the simulated quoting enclave reaches, and an older one below it. */
export function qeLevels(status: string): QeTcbLevel[] {
  return [
    { isvSvn: QUOTING_ENCLAVE.isvSvn, status },
    { isvSvn: QUOTING_ENCLAVE.isvSvn - 2, status: "OutOfDate", advisoryIds: ["SIMULATED-SA-00002"] },
  ];
}
