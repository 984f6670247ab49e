import { decodePem, encodeHex } from "@sealserve/core";
import { decodeAttestationAnswer, parseRaTlsCertificate, reportDataFor } from "@sealserve/ra-tls";
import { CliError } from "../errors.ts";
import { decodeEvidenceFile, isText } from "./evidence-file.ts";

const BEGIN = "-----BEGIN CERTIFICATE-----";
const END = "-----END CERTIFICATE-----";

/** Evidence from a file, and what the file says that it was made for. */
export interface PresentedEvidence {
  readonly evidence: Uint8Array;
  /** The 64 bytes that the evidence must carry for that; undefined where the file says nothing. */
  readonly reportData: Uint8Array | undefined;
  /** What is true when it carries them, by name; undefined where the file says nothing. */
  readonly statement: Readonly<Record<string, string>> | undefined;
}

/** What the caller knows of an exchange that evidence was saved from. */
export interface KnownExchange {
  /** The nonce that was sent, 32 bytes. */
  readonly nonce: Uint8Array | undefined;
  /** SHA-256 of the certificate that the server showed, DER. */
  readonly serverCertificateSha256: Uint8Array | undefined;
}

/**
 * Evidence as it stands, the answer of a node's `/attestation`, or an RA-TLS certificate: PEM, with any text around it, such
 * as what `openssl s_client` prints. What the caller knows takes the place of what an answer says.
 * @throws CliError `usage`; CoreError, RaTlsError for a file that is damaged
 */
export async function readPresentedEvidence(
  content: Uint8Array,
  file: string,
  known: KnownExchange,
): Promise<PresentedEvidence> {
  const text = isText(content) ? Buffer.from(content).toString("latin1") : "";
  if (text.trimStart().startsWith("{")) {
    return await readAnswer(text, known);
  }
  if (known.nonce !== undefined || known.serverCertificateSha256 !== undefined) {
    throw new CliError("usage", `${file} is no answer of /attestation`, {
      remedy: "leave out --nonce and --server-certificate, which are for such an answer",
    });
  }
  const start = text.indexOf(BEGIN);
  return start < 0
    ? { evidence: decodeEvidenceFile(content, file), reportData: undefined, statement: undefined }
    : await readCertificate(text.slice(start));
}

async function readAnswer(text: string, known: KnownExchange): Promise<PresentedEvidence> {
  const answer = await decodeAttestationAnswer(text);
  const { nonce = answer.nonce, serverCertificateSha256 = answer.serverCertificateSha256 } = known;
  const fields = { ...answer, nonce, serverCertificateSha256 };
  return {
    evidence: answer.evidence,
    reportData: await reportDataFor({ ...fields, purpose: "serving", publicKey: new Uint8Array() }),
    statement: {
      model: fields.model,
      manifestDigest: encodeHex(fields.manifestDigest),
      nonce: encodeHex(nonce),
      serverCertificateSha256: encodeHex(serverCertificateSha256),
      exporter: encodeHex(fields.exporter),
    },
  };
}

/** Of several certificates the first: a server sends its own before those of authorities. */
async function readCertificate(text: string): Promise<PresentedEvidence> {
  const end = text.indexOf(END);
  const [block] = decodePem(text.slice(0, end < 0 ? undefined : end + END.length), "CERTIFICATE");
  const { evidence, expectedReportData, publicKeyInfo, issuedAt } = await parseRaTlsCertificate(
    block?.bytes ?? new Uint8Array(),
  );
  return {
    evidence,
    reportData: expectedReportData,
    statement: {
      publicKeyInfo: encodeHex(publicKeyInfo),
      ...(issuedAt === undefined ? {} : { issuedAt: issuedAt.toISOString() }),
    },
  };
}
