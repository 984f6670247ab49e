import {
  AttestationError,
  type CrlFacts,
  type DocumentTrust,
  type EnclaveId,
  type ProvenDocument,
  verifyEnclaveIdentityDocument,
  verifyEvaluationNumbersDocument,
  verifyPckCrlDocument,
  verifyRootCaCrlDocument,
  verifyTcbInfoDocument,
} from "@sealserve/attestation";
import { CollateralError, parseSignedText, type SignedMember, type SignedText } from "@sealserve/collateral";
import { CoreError } from "@sealserve/core";
import { type Revocations, revocationsIn } from "./drop-revoked.ts";
import { ServiceError } from "./errors.ts";
import type { FetchedDocument } from "./provider.ts";
import { type DocumentId, type IdentityKind, keyOf, type PckCa } from "./store/document-key.ts";
import type { StoredDocument } from "./store/documents.ts";

/** A document that is proven and may be stored, once it is compared with what was stored before. */
export interface VerifiedDocument {
  readonly document: StoredDocument;
  /** How far it has come: see `admit-document.ts`. */
  readonly marks: ReadonlyMap<string, bigint>;
  /** Of a revocation list: what it takes back. */
  readonly revocations?: Revocations;
}

/** How documents are verified. */
export interface VerifyContext {
  readonly trust: DocumentTrust;
  /** When the document came here. */
  readonly fetchedAt: Date;
}

type OfKind<Kind extends DocumentId["kind"]> = Extract<DocumentId, { readonly kind: Kind }>;

const ENCLAVES: Readonly<Record<IdentityKind, EnclaveId>> = { QE: "QE", QVE: "QVE", TDQE: "TD_QE", QAE: "QAE" };
/** Version of the TCB infos that each version of the API sends. */
const TCB_INFO_VERSIONS = { 3: 2, 4: 3 } as const;
const CA_NAMES: Readonly<Record<PckCa, string>> = {
  platform: "Intel SGX PCK Platform CA",
  processor: "Intel SGX PCK Processor CA",
};

/**
 * Proves that a document is genuine and the one that `id` names: signature, chain to the trusted root, revocation of its
 * issuer, window, form and subject. Whether it is older than one that was seen shows when it is admitted to the store.
 *
 * @throws AttestationError the code of the first check that fails
 * @throws ServiceError `document-malformed`
 */
export async function verifyDocument(
  id: DocumentId,
  fetched: FetchedDocument,
  context: VerifyContext,
): Promise<VerifiedDocument> {
  switch (id.kind) {
    case "tcb-info":
      return verifyTcbInfo(id, fetched, context);
    case "identity":
      return verifyIdentity(id, fetched, context);
    case "evaluation-numbers":
      return verifyEvaluationNumbers(id, fetched, context);
    case "pck-crl":
      return verifyPckCrl(id, fetched, context);
    case "root-ca-crl":
      return verifyRootCaCrl(id, fetched, context);
    case "crl":
    default:
      return verifyNamedCrl(id, fetched, context);
  }
}

async function verifyTcbInfo(
  id: OfKind<"tcb-info">,
  fetched: FetchedDocument,
  context: VerifyContext,
): Promise<VerifiedDocument> {
  const signed = { ...readSignedText(fetched, "tcbInfo"), issuerChain: fetched.issuerChain };
  const proven = await verifyTcbInfoDocument(signed, context.trust);
  const { tee, fmspc, version, tcbEvaluationDataNumber } = proven.content;
  expectSame("TEE of the TCB info", id.tee, tee);
  expectSame("FMSPC of the TCB info", id.fmspc, fmspc.toUpperCase());
  expectSame("version of the TCB info", `${TCB_INFO_VERSIONS[id.version]}`, `${version}`);
  return toVerified(id, fetched, proven, context, tcbEvaluationDataNumber);
}

async function verifyIdentity(
  id: OfKind<"identity">,
  fetched: FetchedDocument,
  context: VerifyContext,
): Promise<VerifiedDocument> {
  const signed = { ...readSignedText(fetched, "enclaveIdentity"), issuerChain: fetched.issuerChain };
  const proven = await verifyEnclaveIdentityDocument(signed, ENCLAVES[id.identity], context.trust);
  return toVerified(id, fetched, proven, context, proven.content.tcbEvaluationDataNumber);
}

async function verifyEvaluationNumbers(
  id: OfKind<"evaluation-numbers">,
  fetched: FetchedDocument,
  context: VerifyContext,
): Promise<VerifiedDocument> {
  const signed = { ...readSignedText(fetched, "tcbEvaluationDataNumbers"), issuerChain: fetched.issuerChain };
  const proven = await verifyEvaluationNumbersDocument(signed, id.tee, context.trust);
  return toVerified(id, fetched, proven, context, undefined);
}

async function verifyPckCrl(
  id: OfKind<"pck-crl">,
  fetched: FetchedDocument,
  context: VerifyContext,
): Promise<VerifiedDocument> {
  const proven = await verifyPckCrlDocument(fetched.body, fetched.issuerChain, context.trust);
  expectSame("issuer of the PCK CRL", CA_NAMES[id.ca], proven.content.issuer);
  return toVerifiedCrl(id, fetched, proven, context);
}

async function verifyRootCaCrl(
  id: OfKind<"root-ca-crl" | "crl">,
  fetched: FetchedDocument,
  context: VerifyContext,
): Promise<VerifiedDocument> {
  const proven = await verifyRootCaCrlDocument(fetched.body, fetched.issuerChain, context.trust);
  return toVerifiedCrl(id, fetched, proven, context);
}

/** A list that clients ask for by its distribution point: the root's, or that of the CA which the query names. */
async function verifyNamedCrl(
  id: OfKind<"crl">,
  fetched: FetchedDocument,
  context: VerifyContext,
): Promise<VerifiedDocument> {
  const ca = /\/pckcrl\?(?:.*&)?ca=(platform|processor)(?:&|$)/.exec(id.uri)?.[1];
  if (ca === undefined) {
    return verifyRootCaCrl(id, fetched, context);
  }
  const proven = await verifyPckCrlDocument(fetched.body, fetched.issuerChain, context.trust);
  expectSame("issuer of the PCK CRL", CA_NAMES[ca as PckCa], proven.content.issuer);
  return toVerifiedCrl(id, fetched, proven, context);
}

function toVerified(
  id: DocumentId,
  { body, issuerChain }: FetchedDocument,
  { issued, nextUpdate }: ProvenDocument<unknown>,
  { fetchedAt }: VerifyContext,
  evaluationNumber: number | undefined,
): VerifiedDocument {
  const key = keyOf(id);
  const document = { key, body, issuerChain, issued, nextUpdate, evaluationNumber, fetchedAt };
  const marks = new Map([[`issue of ${key}`, BigInt(issued.getTime())]]);
  if (evaluationNumber !== undefined) {
    marks.set(`TCB evaluation data number of ${key}`, BigInt(evaluationNumber));
  }
  return { document, marks };
}

/** Marks of lists go by their issuer, under whatever name they are asked for. A list without a number counts as the lowest. */
function toVerifiedCrl(
  id: DocumentId,
  fetched: FetchedDocument,
  proven: ProvenDocument<CrlFacts>,
  context: VerifyContext,
): VerifiedDocument {
  const { issuer, number = -1n } = proven.content;
  const { document } = toVerified(id, fetched, proven, context, undefined);
  const marks = new Map([
    [`issue of the CRL of ${issuer}`, BigInt(proven.issued.getTime())],
    [`number of the CRL of ${issuer}`, number],
  ]);
  return { document, marks, revocations: revocationsIn(fetched.body) };
}

function readSignedText({ body }: FetchedDocument, member: SignedMember): SignedText {
  try {
    return parseSignedText(body, member);
  } catch (cause) {
    if (cause instanceof CollateralError || cause instanceof CoreError) {
      throw new ServiceError("document-malformed", `a document cannot be read: ${cause.message}`, { cause });
    }
    throw cause;
  }
}

function expectSame(what: string, expected: string, actual: string): void {
  if (actual !== expected) {
    throw new ServiceError("document-malformed", `the ${what} is another one`, { expected, actual });
  }
}

/** Whether an error says that a document does not verify, as opposed to a fault of this program. */
export function isRefusal(error: unknown): error is AttestationError | ServiceError {
  return (
    error instanceof AttestationError ||
    (error instanceof ServiceError && ["document-malformed", "rolled-back", "issuer-revoked"].includes(error.code))
  );
}
