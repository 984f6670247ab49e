import { type Answer, answer, chainHeader } from "../http/answer.ts";
import { RequestError } from "../http/request-error.ts";
import type { RouteRequest } from "../http/route.ts";
import { ProviderError } from "../provider.ts";
import type { ServiceContext } from "../service-context.ts";
import { type DocumentId, keyOf } from "../store/document-key.ts";
import { findDocument, type StoredDocument } from "../store/documents.ts";

/** Clients need not ask again sooner. */
const MAXIMUM_AGE_SECONDS = 3600;
/** How long an answer whose age is near its end is sent again as it is. */
const SHORT_REUSE_MS = 30_000;
const STALE_WARNING = '110 - "Response is Stale"';

/** How a stored document is sent. */
export interface DocumentForm {
  readonly mediaType: string;
  /** The header with its issuer chain. */
  readonly chain?: string;
  readonly encode?: (body: Uint8Array) => string | Uint8Array;
}

/**
 * The stored document, fetched first where the mode says so. One past its next update is fetched again; when that does not
 * help, it is sent with a warning, or refused: never silently.
 *
 * @throws RequestError `not-cached`, `version-ended`, `unavailable`
 * @throws ProviderError when it is not stored and cannot be had
 */
export async function serveDocument(
  id: DocumentId,
  request: Pick<RouteRequest, "version" | "admission">,
  form: DocumentForm,
  context: ServiceContext,
): Promise<Answer> {
  const document = await currentDocument(id, request, context);
  if (document === undefined) {
    const ended = request.version === 3 && context.fill.mode === "LAZY";
    throw new RequestError(ended ? "version-ended" : "not-cached", `${keyOf(id)} is not stored`);
  }
  return documentAnswer(document, form, context);
}

/** As {@link currentDocument}, also undefined where upstream says that there is no such thing. */
export async function currentDocumentIfAny(
  id: DocumentId,
  request: Pick<RouteRequest, "version" | "admission">,
  context: ServiceContext,
): Promise<StoredDocument | undefined> {
  try {
    return await currentDocument(id, request, context);
  } catch (error) {
    if (error instanceof ProviderError && error.code === "not-found") {
      return undefined;
    }
    throw error;
  }
}

/**
 * The stored document, fetched first where the mode says so and it is missing or past its next update.
 * @throws ProviderError when it is not stored and cannot be had
 */
export async function currentDocument(
  id: DocumentId,
  { version, admission }: Pick<RouteRequest, "version" | "admission">,
  { database, fill, now }: ServiceContext,
): Promise<StoredDocument | undefined> {
  const find = (): Promise<StoredDocument | undefined> =>
    database.read((connection) => findDocument(connection, keyOf(id)));
  const stored = await find();
  if (fill.mode !== "LAZY" || version === 3 || (stored !== undefined && stored.nextUpdate > now())) {
    return stored;
  }
  try {
    await fill.document(id, admission);
  } catch (error) {
    if (stored === undefined || !isTrouble(error)) {
      throw error;
    }
    return stored;
  }
  return find();
}

/** Whether an error says that something cannot be had for now, as opposed to a fault of this program. */
function isTrouble(error: unknown): boolean {
  return error instanceof ProviderError || error instanceof RequestError;
}

/**
 * A document as it is sent.
 * @throws RequestError `unavailable` for one past its next update, where those are refused
 */
export function documentAnswer(
  { body, issuerChain, nextUpdate }: StoredDocument,
  { mediaType, chain, encode = (bytes) => bytes }: DocumentForm,
  { now, stale }: ServiceContext,
): Answer {
  const time = now().getTime();
  const remaining = nextUpdate.getTime() - time;
  if (remaining <= 0 && stale === "refuse") {
    throw new RequestError("unavailable", "a document is past its next update, and there is no newer one");
  }
  const headers = chain === undefined ? [] : [chain, chainHeader(issuerChain)];
  if (remaining <= 0) {
    return {
      ...answer(encode(body), mediaType, [...headers, "Warning", STALE_WARNING]),
      reusableUntil: time + SHORT_REUSE_MS,
    };
  }
  const maximumAge = Math.min(MAXIMUM_AGE_SECONDS, Math.floor(remaining / 1000));
  const steadyUntil = nextUpdate.getTime() - MAXIMUM_AGE_SECONDS * 1000;
  return {
    ...answer(encode(body), mediaType, [...headers, "Cache-Control", `max-age=${maximumAge}`]),
    reusableUntil: Math.min(nextUpdate.getTime(), Math.max(steadyUntil, time + SHORT_REUSE_MS)),
  };
}
