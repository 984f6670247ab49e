// The readers of the model server: requests, paths, models' settings, flags.
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
  parseIndexBody,
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
import { parseFlags } from "@sealserve/serving";
import { ExampleReader } from "../../packages/models/src/interpreter/example/example-reader.ts";
import { parseTraceParent } from "../../packages/serving/src/tracing/trace-parent.ts";
import { batchingParameters, traceParents } from "./corpus.ts";
import { exampleSpec, serializedExamples } from "./example-corpus.ts";
import * as heavy from "./format-bombs.ts";
import { INFER_JSON_LENGTH, indexBodies, inferBodies, inferencePaths, inferRequests } from "./inference-corpus.ts";
import { modelServerConfigs, predictionLogs, reloadRequests, requestLists, tfRecords } from "./life-corpus.ts";
import { commandLines, sslConfigs } from "./options-corpus.ts";
import { callPaths, exampleRequests, jsonBodies, jsonBombs, predictRequests } from "./serving-corpus.ts";
import { ofBytes, ofText, type Target } from "./target.ts";

const KIB = 1024;
const COMMAND_LINE_MAX_LENGTH = 16 * KIB;
const INFERENCE_MAX_LENGTH = 256 * KIB;
const MODEL_CONFIG_MAX_LENGTH = 64 * KIB;
const PATH_MAX_LENGTH = 16 * KIB;
const JSON_BODY_LIMITS = { maxBytes: 64 * KIB };

export const SERVING_TARGETS: readonly Target[] = [
  ofText({
    name: "decodeMessageText",
    read: (text) => decodeMessageText(BatchingParameters, text),
    seeds: batchingParameters,
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
  ofBytes({
    name: "parseIndexBody",
    read: parseIndexBody,
    seeds: indexBodies,
    maxLength: INFERENCE_MAX_LENGTH,
  }),
  ofText({
    name: "parseInferencePath",
    read: parseInferencePath,
    seeds: inferencePaths,
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
  ofText({ name: "parseTraceParent", read: parseTraceParent, seeds: traceParents, maxLength: PATH_MAX_LENGTH }),
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
