import type { SignatureAlgorithmName } from "../crypto/signature-algorithm.ts";
import { type DerElement, parseDer } from "../der/element.ts";
import { DerFields, derSequence } from "../der/fields.ts";
import { derOid } from "../der/oid.ts";
import { derTag } from "../der/tags.ts";
import { derTime } from "../der/time.ts";
import { derBitString, derSmallInteger } from "../der/values.ts";
import { CoreError } from "../errors.ts";
import { type AlternativeNames, parseAlternativeNames } from "./alternative-names.ts";
import { type BasicConstraints, parseBasicConstraints } from "./basic-constraints.ts";
import { type Extensions, parseExtensionsField } from "./extensions.ts";
import { type KeyUsage, parseKeyUsage } from "./key-usage.ts";
import { type Name, parseName } from "./name.ts";
import { extensionOid } from "./oids.ts";
import { parseSerialNumber } from "./serial-number.ts";
import { expectSameAlgorithm, parseAs, parseSigned, type Signed } from "./signed.ts";

const MAX_LENGTH = 64 * 1024;
const VERSION_3 = 2;
const TAG_VERSION = 0xa0;
const TAG_EXTENSIONS = 0xa3;

const UNDERSTOOD: ReadonlySet<string> = new Set([
  extensionOid.basicConstraints,
  extensionOid.keyUsage,
  extensionOid.extendedKeyUsage,
  extensionOid.subjectAltName,
]);

/** A parsed X.509 certificate, version 3. Parsed is not verified: nothing in it is proven yet. */
export interface Certificate extends Signed, BasicConstraints {
  /** The whole certificate, DER. */
  readonly raw: Uint8Array;
  /** Hex of the INTEGER's octets, so with `00` in front of a high first bit. */
  readonly serialNumber: string;
  readonly issuer: Name;
  readonly subject: Name;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeyInfo: Uint8Array;
  /** `undefined` without the extension. */
  readonly keyUsage: ReadonlySet<KeyUsage> | undefined;
  /** Purposes as dotted identifiers; `undefined` without the extension. */
  readonly extendedKeyUsage: ReadonlySet<string> | undefined;
  readonly subjectAlternativeNames: AlternativeNames;
  readonly extensions: Extensions;
}

/**
 * An X.509 certificate (RFC 5280 section 4) from DER, at most 64 KiB. Refused: anything but version 3, duplicate
 * extensions, critical extensions beside basicConstraints, keyUsage, extendedKeyUsage and subjectAltName.
 * @throws CoreError `bad-certificate`, or `unsupported-algorithm` for the signature
 */
export function parseCertificate(der: Uint8Array): Certificate {
  if (der.length > MAX_LENGTH) {
    throw new CoreError("bad-certificate", "certificate is too long", {
      expected: `at most ${MAX_LENGTH} bytes`,
      actual: `${der.length}`,
    });
  }
  return parseAs("bad-certificate", "certificate", () => {
    const { body, ...signed } = parseSigned(der, "certificate");
    return { raw: der, ...signed, ...parseBody(body, signed.signatureAlgorithm) };
  });
}

function parseBody(
  body: DerElement,
  signatureAlgorithm: SignatureAlgorithmName,
): Omit<Certificate, "raw" | keyof Signed> {
  const fields = new DerFields(derSequence(body), "certificate");
  expectVersion3(fields.next(TAG_VERSION));
  const serialNumber = parseSerialNumber(fields.next(derTag.integer));
  expectSameAlgorithm(fields.next(derTag.sequence), signatureAlgorithm);
  const issuer = parseName(fields.next(derTag.sequence));
  const validity = parseValidity(fields.next(derTag.sequence));
  const subject = parseName(fields.next(derTag.sequence));
  const publicKeyInfo = parsePublicKeyInfo(fields.next(derTag.sequence));
  const extensions = parseExtensionsField(fields.optional(TAG_EXTENSIONS), UNDERSTOOD);
  fields.expectEnd();
  return { serialNumber, issuer, subject, ...validity, publicKeyInfo, extensions, ...parseKnownExtensions(extensions) };
}

function expectVersion3(field: DerElement): void {
  const fields = new DerFields(field.children(), "certificate version");
  const version = derSmallInteger(fields.next(derTag.integer));
  fields.expectEnd();
  if (version !== VERSION_3) {
    throw new CoreError("bad-der", "certificate is not of version 3", { actual: `${version + 1}` });
  }
}

function parseValidity(field: DerElement): { notBefore: Date; notAfter: Date } {
  const fields = new DerFields(derSequence(field), "validity");
  const validity = { notBefore: derTime(fields.next()), notAfter: derTime(fields.next()) };
  fields.expectEnd();
  return validity;
}

/** Checks the frame only; what the key is, whoever uses it finds out. */
function parsePublicKeyInfo(field: DerElement): Uint8Array {
  const fields = new DerFields(derSequence(field), "SubjectPublicKeyInfo");
  fields.next(derTag.sequence);
  derBitString(fields.next(derTag.bitString));
  fields.expectEnd();
  return field.raw;
}

function parseKnownExtensions(extensions: Extensions) {
  const parse = <Result>(oid: string, parser: (value: Uint8Array) => Result): Result | undefined => {
    const extension = extensions.get(oid);
    return extension === undefined ? undefined : parser(extension.value);
  };
  return {
    ...(parse(extensionOid.basicConstraints, parseBasicConstraints) ?? { isCa: false, pathLength: undefined }),
    keyUsage: parse(extensionOid.keyUsage, parseKeyUsage),
    extendedKeyUsage: parse(extensionOid.extendedKeyUsage, parsePurposes),
    subjectAlternativeNames: parse(extensionOid.subjectAltName, parseAlternativeNames) ?? { dns: [], ip: [] },
  };
}

function parsePurposes(value: Uint8Array): ReadonlySet<string> {
  const purposes = derSequence(parseDer(value));
  if (purposes.length === 0) {
    throw new CoreError("bad-der", "extendedKeyUsage is empty");
  }
  return new Set(purposes.map(derOid));
}
