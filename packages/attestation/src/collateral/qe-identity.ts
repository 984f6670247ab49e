import { encodeHex } from "@sealserve/core";
import { JsonNode } from "../json/json-node.ts";
import { INTEL_TEES } from "../tee/intel-tee.ts";
import type { IntelTeeKind } from "../tee/tee-kind.ts";
import { parseTcbLevelFacts, TCB_LEVELS_MAX, type TcbLevelFacts } from "./tcb-level.ts";
import { PART_TCB_STATUSES, type PartTcbStatus } from "./tcb-status.ts";

/** One TCB level of a quoting enclave. */
export interface QeTcbLevel extends TcbLevelFacts<PartTcbStatus> {
  readonly isvSvn: number;
}

/** Names of the enclaves of Intel that have an identity: quoting, verification and appraisal enclaves. */
export type EnclaveId = "QE" | "TD_QE" | "QVE" | "QAE";

/** Identity of one of Intel's enclaves (Intel PCS API, "Get QE identity" and its like, version 2). Byte strings in wire order. */
export interface EnclaveIdentity {
  readonly issueDate: Date;
  readonly nextUpdate: Date;
  readonly tcbEvaluationDataNumber: number;
  readonly miscSelect: Uint8Array;
  readonly miscSelectMask: Uint8Array;
  readonly attributes: Uint8Array;
  readonly attributesMask: Uint8Array;
  /** Lower-case hex, 32 bytes. */
  readonly mrSigner: string;
  readonly isvProdId: number;
  /** As they stand: newest first. */
  readonly levels: readonly QeTcbLevel[];
}

/** Identity of a quoting enclave. */
export interface QeIdentity extends EnclaveIdentity {
  readonly tee: IntelTeeKind;
}

const QE_IDENTITY_VERSION = 2;
const MAX_U16 = 0xffff;
const MAX_U32 = 0xffff_ffff;

/**
 * Parses the exact text of a QE identity, whose signature the caller has checked or will check.
 * @param tee the kind of TEE whose quoting enclave it must describe
 * @throws AttestationError `qe-identity-malformed`, `qe-identity-version-unsupported`, `qe-identity-tee-mismatch`,
 * `tcb-status-unknown`
 */
export function parseQeIdentity(text: string, tee: IntelTeeKind): QeIdentity {
  return { tee, ...parseEnclaveIdentity(text, INTEL_TEES[tee].qeIdentityId) };
}

/**
 * Parses the exact text of the identity of the enclave `id`, as {@link parseQeIdentity} does.
 * @throws AttestationError as {@link parseQeIdentity}
 */
export function parseEnclaveIdentity(text: string, id: EnclaveId): EnclaveIdentity {
  const document = JsonNode.parse(text, "qe-identity-malformed", "QE identity");
  expectVersion(document);
  expectId(document, id);
  return {
    issueDate: document.member("issueDate").instant(),
    nextUpdate: document.member("nextUpdate").instant(),
    tcbEvaluationDataNumber: document.member("tcbEvaluationDataNumber").integer(MAX_U32),
    miscSelect: document.member("miscselect").hex(4),
    miscSelectMask: document.member("miscselectMask").hex(4),
    attributes: document.member("attributes").hex(16),
    attributesMask: document.member("attributesMask").hex(16),
    mrSigner: encodeHex(document.member("mrsigner").hex(32)),
    isvProdId: document.member("isvprodid").integer(MAX_U16),
    levels: document.member("tcbLevels").elements(1, TCB_LEVELS_MAX).map(parseLevel),
  };
}

function parseLevel(level: JsonNode): QeTcbLevel {
  return {
    isvSvn: level.member("tcb").member("isvsvn").integer(MAX_U16),
    ...parseTcbLevelFacts(level, PART_TCB_STATUSES),
  };
}

function expectVersion(document: JsonNode): void {
  const version = document.member("version").integer(MAX_U32);
  if (version !== QE_IDENTITY_VERSION) {
    const code = "qe-identity-version-unsupported";
    throw document.refusal("version is not supported", `${QE_IDENTITY_VERSION}`, `${version}`, code);
  }
}

function expectId(document: JsonNode, expected: EnclaveId): void {
  const id = document.member("id").string();
  if (id !== expected) {
    throw document.refusal("it describes another enclave", expected, id, "qe-identity-tee-mismatch");
  }
}
