import type { JsonValue } from "@sealserve/core";
import { getEvaluationNumbers, getIdentity, getTcbInfo } from "../operations/documents.ts";
import { getFmspcs } from "../operations/fmspcs.ts";
import {
  getCertificateOfManifest,
  listCertificatesOfManifest,
  listCertificatesOfPpid,
} from "../operations/upstream-certificates.ts";
import { form } from "./parameters.ts";
import { may, must, type Route } from "./route.ts";
import { FMSPC, UPDATE } from "./routes.ts";

const JSON_TYPE = "application/json";
const string: JsonValue = { type: "string" };
const manifestWith = (...more: readonly string[]): JsonValue => ({
  type: "object",
  required: ["platformManifest", "pceid", ...more],
  properties: Object.fromEntries(["platformManifest", "pceid", ...more].map((name) => [name, string])),
});

/** What Intel's own service offers below `/sgx/certification/v4` and its PCCS does not. */
export const PASSED_ON_SGX_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/qae/identity",
    id: "getQaeIdentity",
    summary: "The identity of the quote appraisal enclave",
    parameters: UPDATE,
    mediaType: JSON_TYPE,
    handle: getIdentity("QAE"),
  },
  {
    method: "GET",
    path: "/tcbevaluationdatanumbers",
    id: "getSgxEvaluationNumbers",
    summary: "The TCB evaluation data numbers that Intel publishes for SGX",
    parameters: [],
    mediaType: JSON_TYPE,
    handle: getEvaluationNumbers("sgx"),
  },
  {
    method: "GET",
    path: "/fmspcs",
    id: "getFmspcs",
    summary: "The FMSPCs that Intel lists; nobody signs them",
    parameters: [may("platform", form.fmspcGroup)],
    mediaType: JSON_TYPE,
    handle: getFmspcs,
  },
  {
    method: "POST",
    path: "/pckcert",
    id: "getPckCertificateOfManifest",
    summary: "The PCK certificate of a platform that is known by its manifest, for a raw TCB",
    parameters: [],
    body: manifestWith("cpusvn", "pcesvn"),
    mediaType: "application/x-pem-file",
    handle: getCertificateOfManifest,
  },
  {
    method: "GET",
    path: "/pckcerts",
    id: "listPckCertificates",
    summary: "All PCK certificates of a platform that is known by its encrypted PPID",
    parameters: [must("encrypted_ppid", form.encryptedPpid), must("pceid", form.pceId)],
    mediaType: JSON_TYPE,
    handle: listCertificatesOfPpid,
  },
  {
    method: "POST",
    path: "/pckcerts",
    id: "listPckCertificatesOfManifest",
    summary: "All PCK certificates of a platform that is known by its manifest",
    parameters: [],
    body: manifestWith(),
    mediaType: JSON_TYPE,
    handle: listCertificatesOfManifest,
  },
];

/** The operations below `/tdx/certification/v4`. */
export const TDX_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/tcb",
    id: "getTdxTcbInfo",
    summary: "The TDX TCB info of an FMSPC",
    parameters: [FMSPC, ...UPDATE],
    mediaType: JSON_TYPE,
    handle: getTcbInfo("tdx"),
  },
  {
    method: "GET",
    path: "/qe/identity",
    id: "getTdQeIdentity",
    summary: "The identity of the TD quoting enclave",
    parameters: UPDATE,
    mediaType: JSON_TYPE,
    handle: getIdentity("TDQE"),
  },
  {
    method: "GET",
    path: "/tcbevaluationdatanumbers",
    id: "getTdxEvaluationNumbers",
    summary: "The TCB evaluation data numbers that Intel publishes for TDX",
    parameters: [],
    mediaType: JSON_TYPE,
    handle: getEvaluationNumbers("tdx"),
  },
];
