import { encodeHex } from "@sealserve/core";
import { JsonNode } from "../json/json-node.ts";
import { INTEL_TEES } from "../tee/intel-tee.ts";
import type { IntelTeeKind } from "../tee/tee-kind.ts";
import { parseTcbLevelFacts, TCB_LEVELS_MAX, type TcbLevelFacts } from "./tcb-level.ts";
import { TCB_STATUSES, type TcbStatus } from "./tcb-status.ts";
import { readTdxModules, type TdxModules } from "./tdx-module.ts";

/** Number of CPU SVN components that a PCK certificate and a TCB level have. */
export const SVN_COMPONENTS = 16;

/** One TCB level of a platform. */
export interface PlatformTcbLevel extends TcbLevelFacts<TcbStatus> {
  /** Sixteen component SVNs, compared by position. */
  readonly components: readonly number[];
  /** TDX only: sixteen SVNs for TEE_TCB_SVN, compared by position. */
  readonly tdxComponents: readonly number[] | undefined;
  readonly pceSvn: number;
}

/** TCB info of one FMSPC (Intel PCS API, "Get SGX TCB info" and "Get TDX TCB info", versions 2 and 3). */
export interface TcbInfo {
  readonly tee: IntelTeeKind;
  readonly version: number;
  readonly issueDate: Date;
  readonly nextUpdate: Date;
  /** Lower-case hex, 6 bytes. */
  readonly fmspc: string;
  /** Lower-case hex, 2 bytes. */
  readonly pceId: string;
  readonly tcbEvaluationDataNumber: number;
  /** As they stand: newest first. */
  readonly levels: readonly PlatformTcbLevel[];
  /** TDX only. */
  readonly tdxModules: TdxModules | undefined;
}

/** What differs between versions of the document. */
interface TcbInfoVersion {
  readonly tee: (document: JsonNode) => IntelTeeKind;
  readonly components: (tcb: JsonNode) => number[];
}

const VERSIONS: ReadonlyMap<number, TcbInfoVersion> = new Map<number, TcbInfoVersion>([
  [2, { tee: () => "sgx", components: namedComponents }],
  [3, { tee: teeById, components: (tcb) => listedComponents(tcb.member("sgxtcbcomponents")) }],
]);

const MAX_U8 = 0xff;
const MAX_U16 = 0xffff;
const MAX_U32 = 0xffff_ffff;

/**
 * Parses the exact text of a TCB info, whose signature the caller has checked or will check. Unknown members are
 * allowed: the signature covers them, and new ones appear.
 * @throws AttestationError `tcb-info-malformed`, `tcb-info-version-unsupported`, `tcb-info-tee-mismatch`,
 * `tcb-status-unknown`
 */
export function parseTcbInfo(text: string): TcbInfo {
  const document = JsonNode.parse(text, "tcb-info-malformed", "TCB info");
  const number = document.member("version").integer(MAX_U32);
  const version = VERSIONS.get(number);
  if (version === undefined) {
    const known = [...VERSIONS.keys()].join(" or ");
    throw document.refusal("version is not supported", known, `${number}`, "tcb-info-version-unsupported");
  }
  const tee = version.tee(document);
  // Type 0 is the comparison by components that this package implements; no other is published.
  document.member("tcbType").integer(0);
  return {
    tee,
    version: number,
    issueDate: document.member("issueDate").instant(),
    nextUpdate: document.member("nextUpdate").instant(),
    fmspc: encodeHex(document.member("fmspc").hex(6)),
    pceId: encodeHex(document.member("pceId").hex(2)),
    tcbEvaluationDataNumber: document.member("tcbEvaluationDataNumber").integer(MAX_U32),
    levels: document
      .member("tcbLevels")
      .elements(1, TCB_LEVELS_MAX)
      .map((level) => parseLevel(level, version, tee)),
    tdxModules: tee === "tdx" ? readTdxModules(document) : undefined,
  };
}

function parseLevel(level: JsonNode, version: TcbInfoVersion, tee: IntelTeeKind): PlatformTcbLevel {
  const tcb = level.member("tcb");
  return {
    components: version.components(tcb),
    tdxComponents: tee === "tdx" ? listedComponents(tcb.member("tdxtcbcomponents")) : undefined,
    pceSvn: tcb.member("pcesvn").integer(MAX_U16),
    ...parseTcbLevelFacts(level, TCB_STATUSES),
  };
}

/** Version 2: `sgxtcbcomp01svn` to `sgxtcbcomp16svn`. */
function namedComponents(tcb: JsonNode): number[] {
  return Array.from({ length: SVN_COMPONENTS }, (_, index) =>
    tcb.member(`sgxtcbcomp${String(index + 1).padStart(2, "0")}svn`).integer(MAX_U8),
  );
}

/** Version 3: a list of objects, which must not be shorter or longer than what it is compared with. */
function listedComponents(list: JsonNode): number[] {
  return list.elements(SVN_COMPONENTS, SVN_COMPONENTS).map((component) => component.member("svn").integer(MAX_U8));
}

function teeById(document: JsonNode): IntelTeeKind {
  const id = document.member("id").string();
  const tees = Object.keys(INTEL_TEES) as IntelTeeKind[];
  const tee = tees.find((kind) => INTEL_TEES[kind].tcbInfoId === id);
  if (tee === undefined) {
    const known = tees.map((kind) => INTEL_TEES[kind].tcbInfoId).join(", ");
    throw document.refusal("it is for another kind of TEE", known, id, "tcb-info-tee-mismatch");
  }
  return tee;
}
