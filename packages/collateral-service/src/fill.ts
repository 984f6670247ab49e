import type { FmspcGroup, ListedFmspc, PlatformRequest } from "./provider.ts";
import type { DocumentId, EvaluatedId, Update } from "./store/document-key.ts";
import type { StoredDocument } from "./store/documents.ts";
import type { PlatformId, RawTcb } from "./store/platforms.ts";
import type { Registration } from "./store/registrations.ts";
import type { VerifiedPckCertificates } from "./verify-pck-certificates.ts";

/** When the store is filled from upstream: at each miss; at registrations; never. */
export type FillMode = "LAZY" | "REQ" | "OFFLINE";

/** A raw TCB of a platform that is not stored, for which a certificate is asked. */
export interface PlatformMiss extends PlatformId, RawTcb {
  /** 768 hex digits; empty when the caller did not say. */
  readonly encryptedPpid: string;
}

/**
 * Asked before something is begun upstream for a caller, who pays for it then; what is under way already costs nothing.
 * @throws RequestError `too-many-misses` when he may begin no more for now
 */
export type Admission = () => void;

/** What to fetch anew. */
export type RefreshScope =
  /** Every stored document. */
  | { readonly kind: "documents" }
  /** The certificates of all platforms, or of those of some FMSPCs (upper-case hex), with their TCB infos. */
  | { readonly kind: "certificates"; readonly fmspcs: readonly string[] | "all" };

/** What a refresh did, for the log. */
export interface RefreshSummary {
  readonly refreshed: number;
}

/**
 * Fills the store. Each method resolves when what was fetched is verified and committed, so that the caller reads it from
 * the store, and rejects with a ProviderError otherwise. Where the mode lets a miss be a miss, nothing happens at all.
 */
export interface CollateralFill {
  readonly mode: FillMode;
  /** A document that is asked for is not stored. */
  document(id: DocumentId, admission: Admission): Promise<void>;
  /** A platform that is asked for is not stored. */
  platform(miss: PlatformMiss, admission: Admission): Promise<void>;
  /**
   * The document of an evaluation between the standard and the early one: proven, kept in memory for a while; undefined where a
   * miss is a miss.
   */
  evaluation(id: EvaluatedId, number: number, admission: Admission): Promise<StoredDocument | undefined>;
  /** FMSPCs that Intel lists, kept in memory for a while since nobody signs them; undefined where a miss is a miss. */
  fmspcs(group: FmspcGroup, admission: Admission): Promise<readonly ListedFmspc[] | undefined>;
  /** The certificates of a platform that has no name here: proven, kept in memory for a while; undefined where a miss is a miss. */
  pckCertificates(request: PlatformRequest, admission: Admission): Promise<VerifiedPckCertificates | undefined>;
  /** A platform that is not cached has been registered; also keeps the queue of registrations. */
  registered(registration: Registration): Promise<void>;
  /** What verifies evidence of a registered platform is completed, each document only when it is missing. */
  complete(updates: readonly Update[]): Promise<void>;
  /** Fetches again what is stored; not called in the mode OFFLINE. */
  refresh(scope: RefreshScope): Promise<RefreshSummary>;
}
