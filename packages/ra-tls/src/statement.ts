import { encodeUtf8, sha512 } from "@sealserve/core";
import { RaTlsError } from "./errors.ts";
import { lengthPrefixed } from "./length-prefixed.ts";

const DOMAIN = "sealserve evidence statement v1";
const DIGEST_LENGTH = 32;

/** What evidence was made for: evidence made for one purpose is worth nothing for another. */
export type EvidencePurpose = "key-release" | "serving";

/** Everything that evidence made after a TLS handshake speaks for. Its hash is the evidence's report data. */
export interface EvidenceStatement {
  readonly purpose: EvidencePurpose;
  /** 32 random bytes of whoever asks. */
  readonly nonce: Uint8Array;
  /** 32 bytes of keying material of the TLS connection that the evidence is sent on. */
  readonly exporter: Uint8Array;
  /** SHA-256 of the TLS server's certificate (DER). */
  readonly serverCertificateSha256: Uint8Array;
  /** Key made inside the TEE that the answer is sealed to; empty for `serving`. */
  readonly publicKey: Uint8Array;
  /** SHA-256 of the manifest of the package that is served; empty when none is open yet. */
  readonly manifestDigest: Uint8Array;
  /** Name of the model. */
  readonly model: string;
}

/**
 * The 64 bytes of report data for a statement: SHA-512 over a domain label and all fields, each behind its length in
 * four bytes (big endian), so that no two statements share their bytes.
 * @throws RaTlsError `bad-statement` when a field has the wrong length
 */
export async function reportDataFor(statement: EvidenceStatement): Promise<Uint8Array> {
  checkStatement(statement);
  return sha512(
    lengthPrefixed(
      encodeUtf8(DOMAIN),
      encodeUtf8(statement.purpose),
      statement.nonce,
      statement.exporter,
      statement.serverCertificateSha256,
      statement.publicKey,
      statement.manifestDigest,
      encodeUtf8(statement.model),
    ),
  );
}

function checkStatement(statement: EvidenceStatement): void {
  for (const name of ["nonce", "exporter", "serverCertificateSha256"] as const) {
    checkLength(name, statement[name], [DIGEST_LENGTH]);
  }
  checkLength("manifestDigest", statement.manifestDigest, [0, DIGEST_LENGTH]);
  if ((statement.publicKey.length === 0) !== (statement.purpose === "serving")) {
    throw new RaTlsError("bad-statement", "a public key belongs to key release, and only there", {
      actual: `${statement.purpose} with a public key of ${statement.publicKey.length} bytes`,
    });
  }
  if (statement.model === "") {
    throw new RaTlsError("bad-statement", "the statement names no model");
  }
}

function checkLength(name: string, field: Uint8Array, lengths: readonly number[]): void {
  if (!lengths.includes(field.length)) {
    throw new RaTlsError("bad-statement", `${name} of the statement has the wrong length`, {
      expected: `${lengths.join(" or ")} bytes`,
      actual: `${field.length} bytes`,
    });
  }
}
