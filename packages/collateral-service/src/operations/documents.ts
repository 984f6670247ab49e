import { encodeHex } from "@sealserve/core";
import type { Answer } from "../http/answer.ts";
import { form, optional, required } from "../http/parameters.ts";
import { invalid, RequestError } from "../http/request-error.ts";
import type { RouteRequest } from "../http/route.ts";
import type { ServiceContext } from "../service-context.ts";
import type { DocumentId, IdentityKind, Update } from "../store/document-key.ts";
import { currentDocument, serveDocument } from "./serve-document.ts";

const JSON_TYPE = "application/json; charset=utf-8";
const IDENTITY_CHAIN = "SGX-Enclave-Identity-Issuer-Chain";

type DocumentOfUpdate = (update: Update) => DocumentId;

/** GET tcb */
export function getTcbInfo(tee: "sgx" | "tdx") {
  return async (request: RouteRequest, context: ServiceContext): Promise<Answer> => {
    const { query, version } = request;
    const fmspc = required("fmspc", query.get("fmspc"), form.fmspc);
    const idOf: DocumentOfUpdate = (update) => ({ kind: "tcb-info", tee, fmspc, version, update });
    const chain = version === 3 ? "SGX-TCB-Info-Issuer-Chain" : "TCB-Info-Issuer-Chain";
    const id = await chooseUpdate(request, idOf, context);
    return serveDocument(id, request, { mediaType: JSON_TYPE, chain }, context);
  };
}

/** GET qe/identity and its like */
export function getIdentity(identity: IdentityKind) {
  return async (request: RouteRequest, context: ServiceContext): Promise<Answer> => {
    const idOf: DocumentOfUpdate = (update) => ({ kind: "identity", identity, version: request.version, update });
    const id = await chooseUpdate(request, idOf, context);
    return serveDocument(id, request, { mediaType: JSON_TYPE, chain: IDENTITY_CHAIN }, context);
  };
}

/** GET pckcrl */
export async function getPckCrl(request: RouteRequest, context: ServiceContext): Promise<Answer> {
  const { query } = request;
  const ca = required("ca", query.get("ca"), form.ca);
  const chain = "SGX-PCK-CRL-Issuer-Chain";
  const asDer = query.get("encoding")?.toLowerCase() === "der";
  const shape = asDer
    ? { mediaType: "application/pkix-crl", chain }
    : { mediaType: "application/x-pem-file; charset=utf-8", chain, encode: encodeHex };
  return serveDocument({ kind: "pck-crl", ca }, request, shape, context);
}

/** GET rootcacrl */
export async function getRootCaCrl(request: RouteRequest, context: ServiceContext): Promise<Answer> {
  const shape = { mediaType: "application/pkix-crl; charset=utf-8", encode: encodeHex };
  return serveDocument({ kind: "root-ca-crl" }, request, shape, context);
}

/** GET crl */
export async function getCrl(request: RouteRequest, context: ServiceContext): Promise<Answer> {
  const uri = required("uri", request.query.get("uri"), form.crlUri);
  return serveDocument({ kind: "crl", uri }, request, { mediaType: "application/pkix-crl" }, context);
}

/** GET tcbevaluationdatanumbers */
export function getEvaluationNumbers(tee: "sgx" | "tdx") {
  return (request: RouteRequest, context: ServiceContext): Promise<Answer> => {
    const shape = { mediaType: JSON_TYPE, chain: "TCB-Evaluation-Data-Numbers-Issuer-Chain" };
    return serveDocument({ kind: "evaluation-numbers", tee }, request, shape, context);
  };
}

/**
 * The document of the update that is asked for, or of the TCB evaluation data number (Intel's PCS, API version 4): the
 * service keeps those of two numbers, and fetches them where the mode says so. What is older than the standard one is gone;
 * any other may come.
 *
 * @throws RequestError `invalid-request`, `not-cached`, `evaluation-ended`
 * @throws ProviderError
 */
async function chooseUpdate(
  { query, version, admission }: RouteRequest,
  idOf: DocumentOfUpdate,
  context: ServiceContext,
): Promise<DocumentId> {
  const update = optional("update", query.get("update"), form.update);
  const number = optional("tcbEvaluationDataNumber", query.get("tcbEvaluationDataNumber"), form.evaluationNumber);
  if (number === undefined) {
    return idOf(update ?? "standard");
  }
  if (update !== undefined) {
    throw invalid("update and tcbEvaluationDataNumber do not go together");
  }
  const numberOf = async (id: DocumentId): Promise<number | undefined> =>
    (await currentDocument(id, { version, admission }, context))?.evaluationNumber;
  const standard = await numberOf(idOf("standard"));
  if (standard !== undefined && number <= standard) {
    return number === standard ? idOf("standard") : evaluationEnded();
  }
  if (number === (await numberOf(idOf("early")))) {
    return idOf("early");
  }
  throw new RequestError("not-cached", "no document of this evaluation is stored");
}

function evaluationEnded(): never {
  throw new RequestError("evaluation-ended", "the evaluation is older than the standard one");
}
