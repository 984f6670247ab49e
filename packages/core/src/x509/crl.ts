import type { SignatureAlgorithmName } from "../crypto/signature-algorithm.ts";
import { type DerElement, parseDer } from "../der/element.ts";
import { DerFields, derSequence } from "../der/fields.ts";
import { derTag } from "../der/tags.ts";
import { derTime } from "../der/time.ts";
import { derInteger, derSmallInteger } from "../der/values.ts";
import { CoreError } from "../errors.ts";
import { type Extensions, expectCriticalUnderstood, parseExtensions, parseExtensionsField } from "./extensions.ts";
import { type Name, parseName } from "./name.ts";
import { extensionOid } from "./oids.ts";
import { parseSerialNumber } from "./serial-number.ts";
import { expectSameAlgorithm, parseAs, parseSigned, type Signed } from "./signed.ts";

const MAX_LENGTH = 1024 * 1024;
const MAX_NUMBER_OCTETS = 20;
const VERSION_2 = 1;
const TAG_EXTENSIONS = 0xa0;
const NONE: ReadonlySet<string> = new Set();

/** A parsed certificate revocation list. Parsed is not verified. */
export interface CertificateRevocationList extends Signed {
  /** The whole list, DER. */
  readonly raw: Uint8Array;
  readonly issuer: Name;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  /** Serial numbers in the form of {@link Certificate.serialNumber}. */
  readonly revoked: ReadonlySet<string>;
  /** The cRLNumber extension, which counts the issuer's lists. */
  readonly number: bigint | undefined;
}

/**
 * A complete X.509 revocation list, version 2 (RFC 5280 section 5), from DER, at most 1 MiB. Refused: a list without
 * nextUpdate, and any critical extension, since those make a list partial, indirect or a difference to another one.
 * @throws CoreError `bad-crl`, or `unsupported-algorithm` for the signature
 */
export function parseCertificateRevocationList(der: Uint8Array): CertificateRevocationList {
  if (der.length > MAX_LENGTH) {
    throw new CoreError("bad-crl", "revocation list is too long", {
      expected: `at most ${MAX_LENGTH} bytes`,
      actual: `${der.length}`,
    });
  }
  return parseAs("bad-crl", "revocation list", () => {
    const { body, ...signed } = parseSigned(der, "revocation list");
    return { raw: der, ...signed, ...parseBody(body, signed.signatureAlgorithm) };
  });
}

type Body = Omit<CertificateRevocationList, "raw" | keyof Signed>;

function parseBody(body: DerElement, signatureAlgorithm: SignatureAlgorithmName): Body {
  const fields = new DerFields(derSequence(body), "revocation list");
  if (derSmallInteger(fields.next(derTag.integer)) !== VERSION_2) {
    throw new CoreError("bad-der", "revocation list is not of version 2");
  }
  expectSameAlgorithm(fields.next(derTag.sequence), signatureAlgorithm);
  const issuer = parseName(fields.next(derTag.sequence));
  const thisUpdate = derTime(fields.next());
  const nextUpdate = derTime(fields.next());
  const entries = fields.optional(derTag.sequence);
  const extensions = parseExtensionsField(fields.optional(TAG_EXTENSIONS), NONE);
  fields.expectEnd();
  const revoked = new Set(entries === undefined ? [] : derSequence(entries).map(parseEntry));
  return { issuer, thisUpdate, nextUpdate, revoked, number: parseNumber(extensions) };
}

/** Serial number of a revoked certificate. */
function parseEntry(entry: DerElement): string {
  const fields = new DerFields(derSequence(entry), "entry");
  const serialNumber = parseSerialNumber(fields.next(derTag.integer));
  derTime(fields.next());
  const extensions = fields.optional(derTag.sequence);
  fields.expectEnd();
  if (extensions !== undefined) {
    expectCriticalUnderstood(parseExtensions(extensions), NONE);
  }
  return serialNumber;
}

/** RFC 5280 section 5.2.3: not negative, at most 20 octets. */
function parseNumber(extensions: Extensions): bigint | undefined {
  const extension = extensions.get(extensionOid.crlNumber);
  if (extension === undefined) {
    return undefined;
  }
  const element = parseDer(extension.value);
  if (element.content.length > MAX_NUMBER_OCTETS) {
    throw new CoreError("bad-der", "cRLNumber is too long", { expected: `at most ${MAX_NUMBER_OCTETS} octets` });
  }
  const number = derInteger(element);
  if (number < 0n) {
    throw new CoreError("bad-der", "cRLNumber is negative");
  }
  return number;
}
