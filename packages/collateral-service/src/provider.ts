import { SealserveError } from "@sealserve/core";
import type { DocumentId, EvaluatedId } from "./store/document-key.ts";

/** A document as upstream sent it. Fetched is not verified: see `verify-document.ts`. */
export interface FetchedDocument {
  /** The very bytes of the answer; of a revocation list its DER. */
  readonly body: Uint8Array;
  /** PEM, leaf-most first and the root last. For the root's list: any chain that ends in the root. */
  readonly issuerChain: string;
}

/** How upstream knows a platform. */
export type PlatformRequest = {
  /** 4 hex digits. */
  readonly pceId: string;
} & (
  | {
      /** 768 hex digits. */
      readonly encryptedPpid: string;
    }
  | {
      /** Hex. */
      readonly manifest: string;
    }
);

/** The PCK certificates of one platform, as upstream sent them. */
export interface FetchedPckCertificates {
  /** PEM of each certificate, without those that are not available. */
  readonly certificates: readonly string[];
  /** For how many of the platform's TCBs upstream has no certificate. */
  readonly notAvailable: number;
  /** PEM: CA of the certificates, root. */
  readonly issuerChain: string;
}

/** Which platforms a list of FMSPCs is about. */
export type FmspcGroup = "all" | "client" | "E3" | "E5";

/** An FMSPC that Intel lists, upper-case hex, and the kind of its platforms. Nobody signs it. */
export interface ListedFmspc {
  readonly fmspc: string;
  readonly platform: string;
}

/** Where collateral comes from that is not stored yet: Intel's provisioning service, or one that looks like it. */
export interface CollateralProvider {
  /** All PCK certificates of a platform. @throws ProviderError */
  fetchPckCertificates(platform: PlatformRequest): Promise<FetchedPckCertificates>;
  /**
   * A document of API version 4.
   * @param chain PEM that ends in the root, which says where its list is
   * @throws ProviderError
   */
  fetchDocument(id: DocumentId, chain?: string): Promise<FetchedDocument>;
  /** The document of one TCB evaluation data number, whichever update `id` names. @throws ProviderError */
  fetchEvaluation(id: EvaluatedId, number: number): Promise<FetchedDocument>;
  /** @throws ProviderError */
  fetchFmspcs(group: FmspcGroup): Promise<readonly ListedFmspc[]>;
}

/** Codes of {@link ProviderError}. */
export type ProviderErrorCode =
  /** Upstream says that there is no such thing. */
  | "not-found"
  /** Upstream cannot be reached, hangs or breaks off. */
  | "unavailable"
  /** Upstream wants to be asked later. */
  | "retry-later"
  /** Upstream answers with something that is none of its answers, or that does not verify. */
  | "garbage";

/** Upstream did not give what was asked for. */
export class ProviderError extends SealserveError<ProviderErrorCode> {
  /** How long upstream wants to be left alone. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ProviderErrorCode,
    message: string,
    { retryAfterSeconds, cause }: { readonly retryAfterSeconds?: number; readonly cause?: unknown } = {},
  ) {
    super(code, message, { cause });
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
