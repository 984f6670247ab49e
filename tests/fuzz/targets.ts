// What is fuzzed: one row for each reader of bytes or text that somebody else wrote. A new reader is a new row. Those of the model server
// stand in serving-targets.ts, those of the collateral service in collateral-targets.ts.
import {
  EVENT_LOG_MAX_LENGTH,
  GPU_EVIDENCE_MAX_LENGTH,
  parseCollateralFile,
  parseEventLog,
  parseEvidence,
  parseGpuEvidence,
  parsePckExtension,
  parsePolicy,
  parseQeIdentity,
  parseRuntimeLog,
  parseSnpCertificateTable,
  parseSnpReport,
  parseTcbInfo,
  QUOTE_MAX_LENGTH,
  RUNTIME_LOG_MAX_LENGTH,
  SNP_CERTIFICATE_TABLE_MAX_LENGTH,
  SNP_EVIDENCE_MAX_LENGTH,
} from "@sealserve/attestation";
import {
  type DerElement,
  decodePem,
  parseCertificate,
  parseCertificateRevocationList,
  parseDer,
  parseStrictJson,
} from "@sealserve/core";
import { MAX_ATTESTATION_ANSWER, parseAttestationAnswer } from "@sealserve/ra-tls";
import { COLLATERAL_TARGETS } from "./collateral-targets.ts";
import * as corpus from "./corpus.ts";
import * as heavy from "./format-bombs.ts";
import { MODEL_TARGETS } from "./model-targets.ts";
import { SERVING_TARGETS } from "./serving-targets.ts";
import { ofBytes, ofText, type Target } from "./target.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const CERTIFICATE_MAX_LENGTH = 64 * KIB;
const LIST_MAX_LENGTH = MIB;
const PEM_MAX_LENGTH = 512 * KIB;
const JSON_MAX_LENGTH = MIB;
const COLLATERAL_MAX_LENGTH = 3 * MIB;
/** Of certificate and list, what stands around the part that is made long. */
const FRAME = 600;

const LEVELS = [["tcbLevels"], ["tcbLevels", "advisoryIDs"]];
const TDX_LISTS = [...LEVELS, ["tdxModuleIdentities"], ["tdxModuleIdentities", "tcbLevels"]];

export const TARGETS: readonly Target[] = [
  ofBytes({
    name: "parseEvidence",
    read: parseEvidence,
    seeds: [...corpus.quotes, ...corpus.snpReports],
    maxLength: QUOTE_MAX_LENGTH,
    bombs: () => corpus.nestedQuotes.map((input) => ({ what: "certification data in itself", input })),
  }),
  ofBytes({
    name: "parseSnpReport",
    read: parseSnpReport,
    seeds: corpus.snpReports,
    maxLength: SNP_EVIDENCE_MAX_LENGTH,
  }),
  ofBytes({
    name: "parseSnpCertificateTable",
    read: parseSnpCertificateTable,
    seeds: corpus.snpCertificateTables,
    maxLength: SNP_CERTIFICATE_TABLE_MAX_LENGTH,
  }),
  ofText({
    name: "parseCollateralFile",
    read: parseCollateralFile,
    seeds: corpus.collateralFiles,
    maxLength: COLLATERAL_MAX_LENGTH,
    bombs: () => heavy.collateralFileBombs(corpus.collateralFiles[0] ?? "", COLLATERAL_MAX_LENGTH),
  }),
  ofText({
    name: "parseTcbInfo-sgx",
    read: parseTcbInfo,
    seeds: corpus.tcbInfos,
    maxLength: JSON_MAX_LENGTH,
    bombs: () => corpus.tcbInfos.flatMap((text) => heavy.documentBombs(text, LEVELS, JSON_MAX_LENGTH)),
  }),
  ofText({
    name: "parseTcbInfo-tdx",
    read: parseTcbInfo,
    seeds: corpus.tdxTcbInfos,
    maxLength: JSON_MAX_LENGTH,
    bombs: () => corpus.tdxTcbInfos.flatMap((text) => heavy.documentBombs(text, TDX_LISTS, JSON_MAX_LENGTH)),
  }),
  ofText({
    name: "parseQeIdentity",
    read: (text) => parseQeIdentity(text, text.includes("TD_QE") ? "tdx" : "sgx"),
    seeds: corpus.qeIdentities,
    maxLength: JSON_MAX_LENGTH,
    bombs: () => corpus.qeIdentities.flatMap((text) => heavy.documentBombs(text, [["tcbLevels"]], JSON_MAX_LENGTH)),
  }),
  ofBytes({
    name: "parsePckExtension",
    read: readSgxExtension,
    seeds: corpus.sgxExtensions,
    maxLength: CERTIFICATE_MAX_LENGTH,
    bombs: () => heavy.sgxExtensionBombs(CERTIFICATE_MAX_LENGTH - FRAME),
  }),
  ofBytes({
    name: "parseCertificate",
    read: parseCertificate,
    seeds: corpus.certificates,
    maxLength: CERTIFICATE_MAX_LENGTH,
    bombs: () => heavy.certificateBombs(CERTIFICATE_MAX_LENGTH - FRAME),
  }),
  ofBytes({
    name: "parseCertificateRevocationList",
    read: parseCertificateRevocationList,
    seeds: corpus.revocationLists,
    maxLength: LIST_MAX_LENGTH,
    bombs: () => heavy.revocationListBombs(LIST_MAX_LENGTH - FRAME),
  }),
  ofText({ name: "decodePem", read: (text) => decodePem(text), seeds: corpus.pems, maxLength: PEM_MAX_LENGTH }),
  ofBytes({
    name: "parseDer",
    read: (bytes) => visit(parseDer(bytes)),
    seeds: [...corpus.certificates, ...corpus.revocationLists],
    maxLength: LIST_MAX_LENGTH,
  }),
  ofText({
    name: "parseStrictJson",
    read: (text) => parseStrictJson(text),
    seeds: [...corpus.tcbInfos, ...corpus.collateralFiles, ...corpus.policies],
    maxLength: JSON_MAX_LENGTH,
  }),
  ofText({
    name: "parsePolicy",
    read: (text) => parsePolicy(parseStrictJson(text), { requireIdentity: text.length % 2 === 0 }),
    seeds: corpus.policies,
    maxLength: JSON_MAX_LENGTH,
    bombs: heavy.policyBombs,
  }),
  ofBytes({
    name: "parseEventLog",
    read: parseEventLog,
    seeds: corpus.eventLogs,
    maxLength: EVENT_LOG_MAX_LENGTH,
    bombs: () => heavy.eventLogBombs(EVENT_LOG_MAX_LENGTH),
  }),
  ofText({
    name: "parseRuntimeLog",
    read: parseRuntimeLog,
    seeds: corpus.runtimeLogs,
    maxLength: RUNTIME_LOG_MAX_LENGTH,
    bombs: () => corpus.runtimeLogs.flatMap((text) => heavy.listBombs(text, [1024, 1025, 3000])),
  }),
  ofText({
    name: "parseGpuEvidence",
    read: parseGpuEvidence,
    seeds: corpus.gpuEvidence,
    maxLength: GPU_EVIDENCE_MAX_LENGTH,
    bombs: () => corpus.gpuEvidence.flatMap((text) => heavy.listBombs(text, [16, 17, 1000])),
  }),
  ofText({
    name: "parseAttestationAnswer",
    read: parseAttestationAnswer,
    seeds: corpus.attestationAnswers,
    maxLength: MAX_ATTESTATION_ANSWER,
  }),
  ...SERVING_TARGETS,
  ...COLLATERAL_TARGETS,
  ...MODEL_TARGETS,
];

function readSgxExtension(value: Uint8Array): unknown {
  const extensions = new Map([["1.2.840.113741.1.13.1", { critical: false, value }]]);
  return parsePckExtension({ ...corpus.pckCertificate, extensions });
}

/** All elements of a document, as far as they may be read. */
function visit(element: DerElement): number {
  const children = (element.tag & 0x20) === 0 ? [] : element.children();
  return children.reduce((count, child) => count + visit(child), 1);
}
