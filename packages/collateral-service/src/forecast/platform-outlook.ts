import {
  type PckExtension,
  type PlatformTcbLevel,
  parsePckExtension,
  type TcbInfo,
  type TcbStatus,
} from "@sealserve/attestation";
import { type Certificate, parseCertificateChainPem } from "@sealserve/core";
import { documentKey } from "../store/document-key.ts";
import type { PckCertificate, PlatformFacts } from "../store/platforms.ts";
import { dayOf, type RawChange } from "./change.ts";
import type { DocumentIndex } from "./document-index.ts";

/** A platform with the certificates that its raw TCBs were given. */
export interface StoredPlatform {
  readonly platform: PlatformFacts;
  readonly certificates: readonly PckCertificate[];
}

/** What a verifier makes of one certificate of a platform. The TDX module and the quoting enclave can make it worse. */
export interface TcbOutlook {
  readonly tcbm: string;
  /** By the standard TCB info for SGX, or `Revoked` by the list of the CA; null where no level is reached. */
  readonly status: TcbStatus | null;
  readonly advisoryIds: readonly string[];
  readonly evaluationNumber: number;
  /** By the early TCB info, when it is of a later evaluation; null otherwise. */
  readonly next: {
    readonly status: TcbStatus | null;
    readonly advisoryIds: readonly string[];
    readonly evaluationNumber: number;
  } | null;
}

/** How long a platform can be verified with what is cached, and as what. */
export interface PlatformOutlook {
  readonly qeId: string;
  readonly pceId: string;
  readonly fmspc: string;
  /** The day on which the first thing that a verifier of SGX evidence needs ends (`YYYY-MM-DD`, UTC); null when one is missing. */
  readonly verifiableUntil: string | null;
  /** The item that ends first, or those that are missing. */
  readonly because: readonly string[];
  readonly tcbs: readonly TcbOutlook[];
}

/** How a platform fares, and what will be otherwise. */
export interface Outlook {
  readonly outlook: PlatformOutlook;
  readonly changes: readonly RawChange[];
}

/** How a platform fares with these documents. */
export function platformOutlook({ platform, certificates }: StoredPlatform, documents: DocumentIndex): Outlook {
  const { qeId, pceId, fmspc } = platform;
  const parsed = certificates.map(parsePck);
  const tcbs = parsed.flatMap((pck) => tcbOutlook(pck, platform, documents) ?? []);
  const ends = needsOf(platform, documents, parsed);
  const missing = ends.filter(({ at }) => at === undefined).map(({ what }) => `${what} is not stored`);
  const [first] = ends.toSorted((one, other) => (one.at?.getTime() ?? 0) - (other.at?.getTime() ?? 0));
  return {
    outlook: {
      qeId,
      pceId,
      fmspc,
      verifiableUntil: missing.length > 0 || first?.at === undefined ? null : dayOf(first.at),
      because: missing.length > 0 ? missing : [`${first?.what} ends first`],
      tcbs,
    },
    changes: [...parsed.map((pck) => expiry(pck, platform)), ...tcbs.flatMap((tcb) => turns(tcb, platform))],
  };
}

interface ParsedPck {
  readonly tcbm: string;
  readonly certificate: Certificate;
  readonly extension: PckExtension;
}

function parsePck({ tcbm, pem }: PckCertificate): ParsedPck {
  const [certificate] = parseCertificateChainPem(pem) as [Certificate];
  return { tcbm, certificate, extension: parsePckExtension(certificate) };
}

interface Need {
  readonly what: string;
  readonly at: Date | undefined;
}

/** What a verifier of the platform's SGX evidence needs, with its end. */
function needsOf({ fmspc, ca }: PlatformFacts, documents: DocumentIndex, certificates: readonly ParsedPck[]): Need[] {
  const keys = [
    documentKey.tcbInfo("sgx", fmspc, 4, "standard"),
    documentKey.identity("QE", 4, "standard"),
    documentKey.pckCrl(ca),
    documentKey.rootCaCrl(),
  ];
  const stored = keys.map((key): Need => ({ what: key, at: documents.find(key)?.nextUpdate }));
  const pcks = certificates.map(({ tcbm, certificate }) => ({
    what: `PCK certificate ${tcbm}`,
    at: certificate.notAfter,
  }));
  return [...stored, ...(pcks.length === 0 ? [{ what: "PCK certificate", at: undefined }] : pcks)];
}

function tcbOutlook(
  { tcbm, certificate, extension }: ParsedPck,
  { fmspc, ca }: PlatformFacts,
  documents: DocumentIndex,
): TcbOutlook | undefined {
  const info = (update: "early" | "standard"): TcbInfo | undefined =>
    documents.tcbInfo(documentKey.tcbInfo("sgx", fmspc, 4, update));
  const [standard, early] = [info("standard"), info("early")];
  if (standard === undefined) {
    return undefined;
  }
  const now = judge(extension, standard);
  const isRevoked = documents.revoked(documentKey.pckCrl(ca))?.has(certificate.serialNumber) === true;
  const isLater = early !== undefined && early.tcbEvaluationDataNumber > standard.tcbEvaluationDataNumber;
  return { tcbm, ...now, status: isRevoked ? "Revoked" : now.status, next: isLater ? judge(extension, early) : null };
}

/** The first level that no SVN of the certificate is below (Intel PCS API, "determining the status of a platform"). */
function judge({ components, pceSvn }: PckExtension, { levels, tcbEvaluationDataNumber }: TcbInfo) {
  const level = levels.find(
    (one: PlatformTcbLevel) =>
      pceSvn >= one.pceSvn && components.every((svn, index) => svn >= (one.components[index] ?? 0)),
  );
  return {
    status: level?.status ?? null,
    advisoryIds: level?.advisoryIds ?? [],
    evaluationNumber: tcbEvaluationDataNumber,
  };
}

function expiry({ tcbm, certificate }: ParsedPck, { qeId, pceId }: PlatformFacts): RawChange {
  return {
    at: certificate.notAfter,
    subject: `platform ${qeId}/${pceId}`,
    change: `loses its PCK certificate ${tcbm}`,
    why: `The certificate is valid up to ${certificate.notAfter.toISOString()}.`,
  };
}

/** Intel does not say in these documents on which day the early evaluation becomes the standard one. */
function turns({ tcbm, status, next }: TcbOutlook, { qeId, pceId }: PlatformFacts): RawChange[] {
  if (next === null || next.status === status || status === "Revoked") {
    return [];
  }
  const advisories = next.advisoryIds.length === 0 ? "no advisories" : next.advisoryIds.join(", ");
  return [
    {
      at: undefined,
      subject: `platform ${qeId}/${pceId}`,
      change: `turns from ${status ?? "no status"} to ${next.status ?? "no status"} with its certificate ${tcbm}`,
      why: `TCB evaluation ${next.evaluationNumber}, which is out early, says so (${advisories}); it counts for all once Intel makes it the standard one.`,
    },
  ];
}
