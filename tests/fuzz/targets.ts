// What is fuzzed: one row for each reader of bytes or text that somebody else wrote. A new reader is a new row.
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
import {
  BatchingParameters,
  ClassificationRequest,
  decodeInferRequest,
  decodeMessageText,
  decodePredictRequest,
  ModelServerConfig,
  MultiInferenceRequest,
  PredictionLog,
  parseExamplesBody,
  parseInferBody,
  parseInferencePath,
  parsePredictBody,
  parseRequestList,
  parseRestPath,
  parseSslConfig,
  ReloadConfigRequest,
  readTfRecords,
  TEXT_FORMAT_MAX_LENGTH,
} from "@sealserve/protocol";
import { MAX_ATTESTATION_ANSWER, parseAttestationAnswer } from "@sealserve/ra-tls";
import { parseFlags } from "@sealserve/serving";
import { ExampleReader } from "../../packages/models/src/interpreter/example/example-reader.ts";
import * as corpus from "./corpus.ts";
import { exampleSpec, serializedExamples } from "./example-corpus.ts";
import * as heavy from "./format-bombs.ts";
import { INFER_JSON_LENGTH, inferBodies, inferRequests } from "./inference-corpus.ts";
import { modelServerConfigs, predictionLogs, reloadRequests, requestLists, tfRecords } from "./life-corpus.ts";
import { commandLines, sslConfigs } from "./options-corpus.ts";
import { callPaths, exampleRequests, jsonBodies, jsonBombs, predictRequests } from "./serving-corpus.ts";
import { ofBytes, ofText, type Target } from "./target.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const CERTIFICATE_MAX_LENGTH = 64 * KIB;
const LIST_MAX_LENGTH = MIB;
const PEM_MAX_LENGTH = 512 * KIB;
const COMMAND_LINE_MAX_LENGTH = 16 * KIB;
const JSON_MAX_LENGTH = MIB;
const COLLATERAL_MAX_LENGTH = 3 * MIB;
const INFERENCE_MAX_LENGTH = 256 * KIB;
const MODEL_CONFIG_MAX_LENGTH = 64 * KIB;
const PATH_MAX_LENGTH = 16 * KIB;
const JSON_BODY_LIMITS = { maxBytes: 64 * KIB };
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
  ofText({
    name: "decodeMessageText",
    read: (text) => decodeMessageText(BatchingParameters, text),
    seeds: corpus.batchingParameters,
    maxLength: TEXT_FORMAT_MAX_LENGTH,
    bombs: () => heavy.textFormatBombs(TEXT_FORMAT_MAX_LENGTH),
  }),
  ofBytes({
    name: "parseInferBody",
    read: (bytes) => parseInferBody(bytes, bytes.length < INFER_JSON_LENGTH ? undefined : INFER_JSON_LENGTH),
    seeds: inferBodies,
    maxLength: INFERENCE_MAX_LENGTH,
  }),
  ofBytes({
    name: "decodeInferRequest",
    read: (bytes) => decodeInferRequest(bytes, { maxBytes: INFERENCE_MAX_LENGTH }),
    seeds: inferRequests,
    maxLength: INFERENCE_MAX_LENGTH,
  }),
  ofBytes({
    name: "ExampleReader",
    read: (bytes) => new ExampleReader(exampleSpec).read([bytes], false),
    seeds: serializedExamples,
    maxLength: INFERENCE_MAX_LENGTH,
  }),
  ofText({
    name: "parseInferencePath",
    read: parseInferencePath,
    seeds: ["/v2/models/a%20b/versions/3/infer?x=1", "/v2/health/ready", "/v2/models/m/stats"],
    maxLength: PATH_MAX_LENGTH,
  }),
  ofBytes({
    name: "parsePredictBody",
    read: (bytes) => parsePredictBody(bytes, { inputs: new Map([["x", "float32"]]) }, JSON_BODY_LIMITS),
    seeds: jsonBodies,
    maxLength: JSON_BODY_LIMITS.maxBytes,
    bombs: () => jsonBombs(JSON_BODY_LIMITS.maxBytes),
  }),
  ofBytes({
    name: "parseExamplesBody",
    read: (bytes) => parseExamplesBody(bytes, JSON_BODY_LIMITS),
    seeds: jsonBodies,
    maxLength: JSON_BODY_LIMITS.maxBytes,
    bombs: () => jsonBombs(JSON_BODY_LIMITS.maxBytes),
  }),
  ofBytes({
    name: "decodePredictRequest",
    read: (bytes) => decodePredictRequest(bytes, { maxBytes: INFERENCE_MAX_LENGTH }),
    seeds: predictRequests,
    maxLength: INFERENCE_MAX_LENGTH,
  }),
  ofBytes({
    name: "ClassificationRequest",
    read: (bytes) => ClassificationRequest.decode(bytes, { maxBytes: INFERENCE_MAX_LENGTH }),
    seeds: exampleRequests,
    maxLength: INFERENCE_MAX_LENGTH,
  }),
  ofBytes({
    name: "MultiInferenceRequest",
    read: (bytes) => MultiInferenceRequest.decode(bytes, { maxBytes: INFERENCE_MAX_LENGTH }),
    seeds: exampleRequests,
    maxLength: INFERENCE_MAX_LENGTH,
  }),
  ofText({
    name: "parseRestPath",
    read: (path) => parseRestPath("POST", path),
    seeds: callPaths,
    maxLength: PATH_MAX_LENGTH,
  }),
  ofText({
    name: "ModelServerConfig",
    read: (text) => decodeMessageText(ModelServerConfig, text),
    seeds: modelServerConfigs,
    maxLength: MODEL_CONFIG_MAX_LENGTH,
  }),
  ofBytes({
    name: "ReloadConfigRequest",
    read: (bytes) => ReloadConfigRequest.decode(bytes, { maxBytes: INFERENCE_MAX_LENGTH }),
    seeds: reloadRequests,
    maxLength: INFERENCE_MAX_LENGTH,
  }),
  ofBytes({
    name: "readTfRecords",
    read: (bytes) => [...readTfRecords(bytes)],
    seeds: tfRecords,
    maxLength: INFERENCE_MAX_LENGTH,
  }),
  ofBytes({
    name: "PredictionLog",
    read: (bytes) => PredictionLog.decode(bytes, { maxBytes: INFERENCE_MAX_LENGTH }),
    seeds: predictionLogs,
    maxLength: INFERENCE_MAX_LENGTH,
  }),
  ofBytes({
    name: "parseRequestList",
    read: (bytes) => [...parseRequestList(bytes)],
    seeds: requestLists,
    maxLength: INFERENCE_MAX_LENGTH,
    bombs: () => jsonBombs(INFERENCE_MAX_LENGTH),
  }),
  ofText({
    name: "parseFlags",
    read: (text) => parseFlags(text.split("\n")),
    seeds: commandLines,
    maxLength: COMMAND_LINE_MAX_LENGTH,
  }),
  ofBytes({ name: "parseSslConfig", read: parseSslConfig, seeds: sslConfigs, maxLength: TEXT_FORMAT_MAX_LENGTH }),
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
