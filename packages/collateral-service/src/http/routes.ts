import type { JsonValue } from "@sealserve/core";
import { getAppraisalPolicy, putPolicy } from "../operations/appraisal-policies.ts";
import { getCrl, getIdentity, getPckCrl, getRootCaCrl, getTcbInfo } from "../operations/documents.ts";
import { listPlatforms } from "../operations/list-platforms.ts";
import { getPckCertificate } from "../operations/pck-certificate.ts";
import { putCollateral } from "../operations/put-collateral.ts";
import { refresh } from "../operations/refresh.ts";
import { registerPlatform } from "../operations/register-platform.ts";
import { form } from "./parameters.ts";
import { may, must, type Route } from "./route.ts";

export const FMSPC = must("fmspc", form.fmspc);
export const UPDATE = [may("update", form.update), may("tcbEvaluationDataNumber", form.evaluationNumber)];
const JSON_TYPE = "application/json";
const TEXT = "text/html";
const CRL = "application/pkix-crl";
const PEM = "application/x-pem-file";
const REFRESH = { parameters: [may("type", form.text), may("fmspc", form.text)], token: "admin" } as const;

const string: JsonValue = { type: "string" };
const POLICY: JsonValue = {
  type: "object",
  required: ["is_default", "fmspc", "policy"],
  properties: { is_default: { type: "boolean" }, fmspc: string, policy: string },
};
const REGISTRATION: JsonValue = {
  type: "object",
  required: ["qe_id", "pce_id"],
  properties: {
    qe_id: string,
    pce_id: string,
    cpu_svn: string,
    pce_svn: string,
    enc_ppid: string,
    platform_manifest: { type: ["string", "null"] },
  },
};
const COLLATERAL: JsonValue = {
  type: "object",
  required: ["platforms", "collaterals"],
  properties: { platforms: { type: "array", items: REGISTRATION }, collaterals: { type: "object" } },
};

/** The operations below `/sgx/certification/v4`, and once more below `/sgx/certification/v3`. */
export const SGX_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/pckcert",
    id: "getPckCertificate",
    summary:
      "The PCK certificate of a platform for a raw TCB; one without a QE id is known by its encrypted PPID alone",
    parameters: [
      may("qeid", form.qeId),
      must("cpusvn", form.cpuSvn),
      must("pcesvn", form.pceSvn),
      must("pceid", form.pceId),
      may("encrypted_ppid", form.encryptedPpid),
    ],
    mediaType: PEM,
    handle: getPckCertificate,
  },
  {
    method: "GET",
    path: "/pckcrl",
    id: "getPckCrl",
    summary: "The revocation list of a PCK CA, as hex or DER; one by its distribution point, as DER",
    parameters: [may("ca", form.ca), may("encoding", form.text), may("uri", form.crlUri)],
    mediaType: PEM,
    handle: getPckCrl,
  },
  {
    method: "GET",
    path: "/tcb",
    id: "getSgxTcbInfo",
    summary: "The SGX TCB info of an FMSPC",
    parameters: [FMSPC, ...UPDATE],
    mediaType: JSON_TYPE,
    handle: getTcbInfo("sgx"),
  },
  {
    method: "GET",
    path: "/qe/identity",
    id: "getQeIdentity",
    summary: "The identity of the quoting enclave",
    parameters: UPDATE,
    mediaType: JSON_TYPE,
    handle: getIdentity("QE"),
  },
  {
    method: "GET",
    path: "/qve/identity",
    id: "getQveIdentity",
    summary: "The identity of the quote verification enclave",
    parameters: UPDATE,
    mediaType: JSON_TYPE,
    handle: getIdentity("QVE"),
  },
  {
    method: "GET",
    path: "/rootcacrl",
    id: "getRootCaCrl",
    summary: "The revocation list of the root CA, as hex",
    parameters: [],
    mediaType: CRL,
    handle: getRootCaCrl,
  },
  {
    method: "GET",
    path: "/crl",
    id: "getCrl",
    summary: "A revocation list by its distribution point, as DER",
    parameters: [must("uri", form.crlUri)],
    mediaType: CRL,
    handle: getCrl,
  },
  {
    method: "GET",
    path: "/appraisalpolicy",
    id: "getAppraisalPolicy",
    summary: "The default appraisal policy of an FMSPC",
    parameters: [FMSPC],
    mediaType: TEXT,
    handle: getAppraisalPolicy,
  },
  {
    method: "PUT",
    path: "/appraisalpolicy",
    id: "putAppraisalPolicy",
    summary: "Stores an appraisal policy; the answer is its id",
    token: "admin",
    parameters: [],
    body: POLICY,
    mediaType: TEXT,
    handle: putPolicy,
  },
  {
    method: "POST",
    path: "/platforms",
    id: "registerPlatform",
    summary: "Registers a platform, so that its collateral is fetched or queued for an administrator",
    token: "user",
    parameters: [may("update", form.updates)],
    body: REGISTRATION,
    mediaType: TEXT,
    handle: registerPlatform,
  },
  {
    method: "GET",
    path: "/platforms",
    id: "listPlatforms",
    summary: "Takes the queue of registrations, or lists cached platforms",
    token: "admin",
    parameters: [may("source", form.text), may("keep", form.text)],
    mediaType: JSON_TYPE,
    handle: listPlatforms,
  },
  {
    method: "PUT",
    path: "/platformcollateral",
    id: "putPlatformCollateral",
    summary: "Verifies and stores the file of Intel's admin tool",
    token: "admin",
    parameters: [],
    body: COLLATERAL,
    mediaType: TEXT,
    handle: putCollateral,
  },
  {
    method: "POST",
    path: "/refresh",
    id: "refresh",
    summary: "Fetches what is cached again",
    ...REFRESH,
    mediaType: TEXT,
    handle: refresh,
  },
  {
    method: "GET",
    path: "/refresh",
    id: "refreshByGet",
    summary: "As POST",
    ...REFRESH,
    mediaType: TEXT,
    handle: refresh,
  },
];
