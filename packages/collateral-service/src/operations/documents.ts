import { encodeHex } from "@sealserve/core";
import type { Answer } from "../http/answer.ts";
import { form, optional, required } from "../http/parameters.ts";
import { invalid, RequestError } from "../http/request-error.ts";
import type { RouteRequest } from "../http/route.ts";
import type { ServiceContext } from "../service-context.ts";
import type { DocumentId, EvaluatedId, IdentityKind, Update } from "../store/document-key.ts";
import type { StoredDocument } from "../store/documents.ts";
import {
  currentDocument,
  currentDocumentIfAny,
  type DocumentForm,
  documentAnswer,
  serveDocument,
} from "./serve-document.ts";

const JSON_TYPE = "application/json; charset=utf-8";
const CRL_TYPE = "application/pkix-crl";
const PCK_CRL_CHAIN = "SGX-PCK-CRL-Issuer-Chain";
const IDENTITY_CHAIN = "SGX-Enclave-Identity-Issuer-Chain";

type IdOfUpdate = (update: Update) => EvaluatedId;

/** GET tcb */
export function getTcbInfo(tee: "sgx" | "tdx") {
  return async (request: RouteRequest, context: ServiceContext): Promise<Answer> => {
    const { query, version } = request;
    const fmspc = required("fmspc", query.get("fmspc"), form.fmspc);
    const idOf: IdOfUpdate = (update) => ({ kind: "tcb-info", tee, fmspc, version, update });
    const chain = version === 3 ? "SGX-TCB-Info-Issuer-Chain" : "TCB-Info-Issuer-Chain";
    return serveEvaluated(idOf, request, { mediaType: JSON_TYPE, chain }, context);
  };
}

/** GET qe/identity and its like */
export function getIdentity(identity: IdentityKind) {
  return async (request: RouteRequest, context: ServiceContext): Promise<Answer> => {
    const idOf: IdOfUpdate = (update) => ({ kind: "identity", identity, version: request.version, update });
    return serveEvaluated(idOf, request, { mediaType: JSON_TYPE, chain: IDENTITY_CHAIN }, context);
  };
}

/** GET pckcrl: by its CA, or in DER by its distribution point, as Azure's client asks for the root's list too. */
export async function getPckCrl(request: RouteRequest, context: ServiceContext): Promise<Answer> {
  const { query } = request;
  const asDer = { mediaType: CRL_TYPE, chain: PCK_CRL_CHAIN };
  if (query.get("ca") === undefined && query.get("uri") !== undefined) {
    const uri = required("uri", query.get("uri"), form.crlUri);
    return serveDocument(listAt(uri), request, asDer, context);
  }
  const ca = required("ca", query.get("ca"), form.ca);
  const asHex = { mediaType: "application/x-pem-file; charset=utf-8", chain: PCK_CRL_CHAIN, encode: encodeHex };
  const shape = query.get("encoding")?.toLowerCase() === "der" ? asDer : asHex;
  return serveDocument({ kind: "pck-crl", ca }, request, shape, context);
}

/** The list of a distribution point of Intel's, whichever version of the API the certificate has in it. */
function listAt(uri: string): DocumentId {
  const [, query] = uri.split("/pckcrl?", 2);
  return query === undefined
    ? { kind: "root-ca-crl" }
    : { kind: "pck-crl", ca: required("ca in uri", new URLSearchParams(query).get("ca"), form.ca) };
}

/** GET rootcacrl */
export async function getRootCaCrl(request: RouteRequest, context: ServiceContext): Promise<Answer> {
  const shape = { mediaType: "application/pkix-crl; charset=utf-8", encode: encodeHex };
  return serveDocument({ kind: "root-ca-crl" }, request, shape, context);
}

/** GET crl */
export async function getCrl(request: RouteRequest, context: ServiceContext): Promise<Answer> {
  const uri = required("uri", request.query.get("uri"), form.crlUri);
  return serveDocument({ kind: "crl", uri }, request, { mediaType: CRL_TYPE }, context);
}

/** GET tcbevaluationdatanumbers */
export function getEvaluationNumbers(tee: "sgx" | "tdx") {
  return (request: RouteRequest, context: ServiceContext): Promise<Answer> => {
    const shape = { mediaType: JSON_TYPE, chain: "TCB-Evaluation-Data-Numbers-Issuer-Chain" };
    return serveDocument({ kind: "evaluation-numbers", tee }, request, shape, context);
  };
}

/**
 * The document of the update that is asked for, or of the TCB evaluation data number.
 * @throws RequestError `invalid-request`, and as `serveDocument` and `documentOfEvaluation`
 * @throws ProviderError
 */
async function serveEvaluated(
  idOf: IdOfUpdate,
  request: RouteRequest,
  shape: DocumentForm,
  context: ServiceContext,
): Promise<Answer> {
  const { query } = request;
  const update = optional("update", query.get("update"), form.update);
  const number = optional("tcbEvaluationDataNumber", query.get("tcbEvaluationDataNumber"), form.evaluationNumber);
  if (number === undefined) {
    return serveDocument(idOf(update ?? "standard"), request, shape, context);
  }
  if (update !== undefined) {
    throw invalid("update and tcbEvaluationDataNumber do not go together");
  }
  return documentAnswer(await documentOfEvaluation(number, idOf, request, context), shape, context);
}

/**
 * The document of a TCB evaluation data number (Intel's PCS, API version 4): there are those from the standard one to the early
 * one. These two are stored; those between are passed on. What is older is gone, what is newer may come.
 *
 * @throws RequestError `not-cached`, `evaluation-ended`
 * @throws ProviderError
 */
async function documentOfEvaluation(
  number: number,
  idOf: IdOfUpdate,
  request: RouteRequest,
  context: ServiceContext,
): Promise<StoredDocument> {
  const standard = await currentDocument(idOf("standard"), request, context);
  const first = standard?.evaluationNumber ?? Number.POSITIVE_INFINITY;
  if (standard !== undefined && number <= first) {
    return number === first ? standard : evaluationEnded();
  }
  const early = await currentDocumentIfAny(idOf("early"), request, context);
  const last = early?.evaluationNumber ?? Number.NEGATIVE_INFINITY;
  if (early !== undefined && number === last) {
    return early;
  }
  const isBetween = first < number && number < last;
  const between = isBetween ? await context.fill.evaluation(idOf("early"), number, request.admission) : undefined;
  if (between === undefined) {
    throw new RequestError("not-cached", "no document of this evaluation is stored");
  }
  return between;
}

function evaluationEnded(): never {
  throw new RequestError("evaluation-ended", "the evaluation is older than the standard one");
}
