import { concatBytes, decodeHex, type SigningKey } from "@sealserve/core";
import type { Authority } from "../authority.ts";
import { encodeU32 } from "../little-endian.ts";

/** Identifiers of the entries (GHCB specification, "SNP Extended Guest Request", and AMD's tools for hosts). */
export const CERTIFICATE_GUIDS = {
  vcek: "63da758d-e664-4564-adc5-f4b93be8accd",
  vlek: "a8074bc2-a25a-483e-aae6-39c045a0b8a1",
  ask: "4ab7b379-bbac-4fe4-a02f-05aef327c782",
  ark: "c0b406a4-a803-4952-9743-3fb6014cd0ae",
} as const;

/** One entry of a certificate table. */
export interface CertificateEntry {
  /** In its usual text form. */
  readonly guid: string;
  readonly data: Uint8Array;
  /** Declared in place of the true place. */
  readonly offset?: number;
  /** Declared in place of the true length. */
  readonly length?: number;
}

/** Ways to change a certificate table or make it wrong. */
export interface CertificateTableOptions {
  /** Entries in place of the usual three. */
  readonly entries?: readonly CertificateEntry[];
  /** `false` leaves out the entry of zeros that ends the table. */
  readonly end?: boolean;
  /** Bytes behind the last certificate: a host hands out whole pages. */
  readonly trailing?: Uint8Array;
}

const ENTRY_BYTES = 24;

/**
 * The certificates that a host hands out with an extended report: entries of GUID, offset and length, one of zeros, then
 * the certificates (GHCB specification). The bytes of a GUID stand in the order of its text, as AMD's tools write them.
 */
export function encodeCertificateTable(
  usual: readonly CertificateEntry[],
  { entries = usual, end = true, trailing = new Uint8Array(0) }: CertificateTableOptions,
): Uint8Array {
  let place = ENTRY_BYTES * (entries.length + (end ? 1 : 0));
  const directory = entries.map(({ guid, data, offset = place, length = data.length }) => {
    place += data.length;
    return concatBytes(decodeHex(guid.replaceAll("-", ""), 16), encodeU32(offset), encodeU32(length));
  });
  const closing = new Uint8Array(end ? ENTRY_BYTES : 0);
  return concatBytes(...directory, closing, ...entries.map(({ data }) => data), trailing);
}

/** An entry with the certificate of an authority in DER. */
export function certificateEntry(
  name: keyof typeof CERTIFICATE_GUIDS,
  { certificate }: Authority<SigningKey>,
): CertificateEntry {
  return { guid: CERTIFICATE_GUIDS[name], data: certificate.raw };
}
