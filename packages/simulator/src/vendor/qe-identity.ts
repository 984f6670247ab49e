import { encodeHex } from "@sealserve/core";
import { type IntelTee, TEE_NAMES } from "./intel-tee.ts";
import { encodeU32, encodeU64 } from "./little-endian.ts";
import { QUOTING_ENCLAVES } from "./quoting-enclave.ts";
import type { Members } from "./signed-document.ts";
import { encodeDate, encodeIsvSvnLevel, type IsvSvnLevel } from "./tcb-level.ts";
import type { Window } from "./validity.ts";

/** All flags count but MODE64BIT; XFRM does not count. */
const ATTRIBUTES_MASK = "FBFFFFFFFFFFFFFF0000000000000000";
const MODE64BIT = 0x04n;

/** What a QE identity is made from. */
export interface QeIdentityFields extends Window {
  readonly tee: IntelTee;
  readonly tcbEvaluationDataNumber: number;
  readonly tcbLevels: readonly IsvSvnLevel[];
}

/** The members of a QE identity, version 2 (Intel PCS API version 4), in the order in which Intel writes them. */
export function qeIdentityMembers(fields: QeIdentityFields): Members {
  const enclave = QUOTING_ENCLAVES[fields.tee];
  return {
    id: TEE_NAMES[fields.tee].qeIdentityId,
    version: 2,
    issueDate: encodeDate(fields.issueDate),
    nextUpdate: encodeDate(fields.nextUpdate),
    tcbEvaluationDataNumber: fields.tcbEvaluationDataNumber,
    miscselect: encodeHex(encodeU32(enclave.miscSelect)).toUpperCase(),
    miscselectMask: "FFFFFFFF",
    attributes: `${encodeHex(encodeU64(enclave.flags & ~MODE64BIT)).toUpperCase()}0000000000000000`,
    attributesMask: ATTRIBUTES_MASK,
    mrsigner: enclave.mrSigner.toUpperCase(),
    isvprodid: enclave.isvProdId,
    tcbLevels: fields.tcbLevels.map(encodeIsvSvnLevel),
  };
}

/** The level that the simulated quoting enclave reaches, and an older one below it. */
export function qeLevels(tee: IntelTee, status: string): IsvSvnLevel[] {
  const { isvSvn } = QUOTING_ENCLAVES[tee];
  return [
    { isvSvn, status },
    { isvSvn: isvSvn - 2, status: "OutOfDate", advisoryIds: ["SIMULATED-SA-00002"] },
  ];
}
