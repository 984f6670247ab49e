import { encodeHex } from "@sealserve/core";
import type { Answer } from "../http/answer.ts";
import { form, optional, required } from "../http/parameters.ts";
import { invalid, RequestError } from "../http/request-error.ts";
import type { RouteRequest } from "../http/route.ts";
import type { ServiceContext } from "../service-context.ts";
import { type DocumentId, type IdentityKind, keyOf, type Update } from "../store/document-key.ts";
import { findDocument } from "../store/documents.ts";
import { serveDocument } from "./serve-document.ts";

const JSON_TYPE = "application/json; charset=utf-8";
const IDENTITY_CHAIN = "SGX-Enclave-Identity-Issuer-Chain";

type DocumentOfUpdate = (update: Update) => DocumentId;

/** GET tcb */
export function getTcbInfo(tee: "sgx" | "tdx") {
  return async ({ query, version }: RouteRequest, context: ServiceContext): Promise<Answer> => {
    const fmspc = required("fmspc", query.get("fmspc"), form.fmspc);
    const idOf: DocumentOfUpdate = (update) => ({ kind: "tcb-info", tee, fmspc, version, update });
    const chain = version === 3 ? "SGX-TCB-Info-Issuer-Chain" : "TCB-Info-Issuer-Chain";
    const id = await chooseUpdate({ query, idOf }, context);
    return serveDocument(id, version, { mediaType: JSON_TYPE, chain }, context);
  };
}

/** GET qe/identity and its like */
export function getIdentity(identity: IdentityKind) {
  return async ({ query, version }: RouteRequest, context: ServiceContext): Promise<Answer> => {
    const idOf: DocumentOfUpdate = (update) => ({ kind: "identity", identity, version, update });
    const id = await chooseUpdate({ query, idOf }, context);
    return serveDocument(id, version, { mediaType: JSON_TYPE, chain: IDENTITY_CHAIN }, context);
  };
}

/** GET pckcrl */
export async function getPckCrl({ query, version }: RouteRequest, context: ServiceContext): Promise<Answer> {
  const ca = required("ca", query.get("ca"), form.ca);
  const chain = "SGX-PCK-CRL-Issuer-Chain";
  const asDer = query.get("encoding")?.toLowerCase() === "der";
  const shape = asDer
    ? { mediaType: "application/pkix-crl", chain }
    : { mediaType: "application/x-pem-file; charset=utf-8", chain, encode: encodeHex };
  return serveDocument({ kind: "pck-crl", ca }, version, shape, context);
}

/** GET rootcacrl */
export async function getRootCaCrl({ version }: RouteRequest, context: ServiceContext): Promise<Answer> {
  const shape = { mediaType: "application/pkix-crl; charset=utf-8", encode: encodeHex };
  return serveDocument({ kind: "root-ca-crl" }, version, shape, context);
}

/** GET crl */
export async function getCrl({ query, version }: RouteRequest, context: ServiceContext): Promise<Answer> {
  const uri = required("uri", query.get("uri"), form.crlUri);
  return serveDocument({ kind: "crl", uri }, version, { mediaType: "application/pkix-crl" }, context);
}

/**
 * The document of the update that is asked for, or of the TCB evaluation data number (Intel's PCS, API version 4): the
 * service keeps those of two numbers. What is older than the standard one is gone; any other may come.
 *
 * @throws RequestError `invalid-request`, `not-cached`, `version-ended`
 */
async function chooseUpdate(
  { query, idOf }: { readonly query: RouteRequest["query"]; readonly idOf: DocumentOfUpdate },
  { database }: ServiceContext,
): Promise<DocumentId> {
  const update = optional("update", query.get("update"), form.update);
  const number = optional("tcbEvaluationDataNumber", query.get("tcbEvaluationDataNumber"), form.evaluationNumber);
  if (number === undefined) {
    return idOf(update ?? "standard");
  }
  if (update !== undefined) {
    throw invalid("update and tcbEvaluationDataNumber do not go together");
  }
  const kept = [];
  const standard = idOf("standard");
  for (const id of [standard, idOf("early")]) {
    const found = await database.read((connection) => findDocument(connection, keyOf(id)));
    kept.push(...(found === undefined ? [] : [{ id, number: found.evaluationNumber ?? 0 }]));
  }
  const match = kept.find((one) => one.number === number);
  if (match === undefined) {
    const isOlder = kept[0] !== undefined && kept[0].id === standard && number < kept[0].number;
    throw new RequestError(isOlder ? "evaluation-ended" : "not-cached", "no document of this evaluation is stored");
  }
  return match.id;
}
