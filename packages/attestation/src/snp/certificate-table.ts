import { ByteReader, encodeHex, isZero } from "@sealserve/core";
import { AttestationError, refuseAs } from "../errors.ts";

/** Limit on a certificate table with its padding: what Linux takes from a host. */
export const SNP_CERTIFICATE_TABLE_MAX_LENGTH = 16 * 1024;

/** Limit on the entries of a table; hosts have three to six. */
const ENTRIES_MAX = 16;

/** Identifiers of the entries (GHCB specification, "SNP Extended Guest Request"), in the order of their text. */
const NAMES: ReadonlyMap<string, keyof SnpCertificates> = new Map<string, keyof SnpCertificates>([
  ["63da758de6644564adc5f4b93be8accd", "vcek"],
  ["a8074bc2a25a483eaae639c045a0b8a1", "vlek"],
  ["4ab7b379bbac4fe4a02f05aef327c782", "ask"],
  ["c0b406a4a803495297433fb6014cd0ae", "ark"],
]);

/** Certificates that a host hands out beside a report, as they stand: DER or PEM. Nothing about them is proven. */
export interface SnpCertificates {
  readonly vcek?: Uint8Array;
  readonly vlek?: Uint8Array;
  /** The CA of the endorsement key; for a VLEK that is the ASVK, for which no identifier of its own exists. */
  readonly ask?: Uint8Array;
  readonly ark?: Uint8Array;
}

interface Entry {
  readonly guid: string;
  readonly offset: number;
  readonly end: number;
}

/** A table, and how many bytes of what was given belong to it. */
export interface CertificateTable {
  readonly certificates: SnpCertificates;
  readonly length: number;
}

/**
 * Reads the certificate table of an extended report (GHCB specification, "SNP Extended Guest Request"; on Linux what
 * `SNP_GET_EXT_REPORT` fills in, or `auxblob` of configfs-tsm): entries of GUID, offset and length, closed by one of zero
 * bytes, then the data. Entries of unknown kinds are left alone; bytes that belong to none must be zero.
 * @throws AttestationError `snp-certificate-table-malformed`
 */
export function parseSnpCertificateTable(bytes: Uint8Array): SnpCertificates {
  return readCertificateTable(bytes).certificates;
}

/** {@link parseSnpCertificateTable}, also telling where the table ends. @throws AttestationError `snp-certificate-table-malformed` */
export function readCertificateTable(bytes: Uint8Array): CertificateTable {
  if (bytes.length > SNP_CERTIFICATE_TABLE_MAX_LENGTH) {
    const expected = `at most ${SNP_CERTIFICATE_TABLE_MAX_LENGTH} bytes`;
    throw malformed("is larger than any real one", expected, `${bytes.length} bytes`);
  }
  const reader = new ByteReader(bytes);
  const entries = refuseAs("snp-certificate-table-malformed", "certificate table", () => readEntries(reader));
  const length = expectTiled(bytes, reader.offset, entries);
  const certificates: Partial<Record<keyof SnpCertificates, Uint8Array>> = {};
  for (const { guid, offset, end } of entries) {
    const name = NAMES.get(guid);
    if (name !== undefined) {
      certificates[name] = bytes.subarray(offset, end);
    }
  }
  return { certificates, length };
}

function readEntries(reader: ByteReader): Entry[] {
  const entries = new Map<string, Entry>();
  for (;;) {
    const identifier = reader.bytes(16);
    const guid = encodeHex(identifier);
    const offset = reader.u32();
    const length = reader.u32();
    if (isZero(identifier) && offset === 0 && length === 0) {
      return [...entries.values()];
    }
    if (length === 0 || entries.has(guid) || entries.size === ENTRIES_MAX) {
      throw malformed("has an entry that is empty, stands twice or is one too many", `at most ${ENTRIES_MAX}`, guid);
    }
    entries.set(guid, { guid, offset, end: offset + length });
  }
}

/**
 * Refuses data outside the table, data that overlaps, and bytes that belong to nothing and are not zero.
 * @returns where the last byte that belongs to something stands
 */
function expectTiled(bytes: Uint8Array, directoryEnd: number, entries: readonly Entry[]): number {
  let covered = directoryEnd;
  for (const { guid, offset, end } of entries.toSorted((one, other) => one.offset - other.offset)) {
    if (offset < covered || end > bytes.length) {
      throw malformed(
        "has data that overlaps or lies outside of it",
        `${covered} to ${bytes.length}`,
        `${guid} at ${offset}`,
      );
    }
    expectPadding(bytes.subarray(covered, offset));
    covered = end;
  }
  expectPadding(bytes.subarray(covered));
  return covered;
}

function expectPadding(bytes: Uint8Array): void {
  if (!isZero(bytes)) {
    throw malformed("has bytes that belong to no entry", "zero bytes", `${bytes.length} bytes`);
  }
}

function malformed(fault: string, expected?: string, actual?: string): AttestationError {
  return new AttestationError("snp-certificate-table-malformed", `certificate table ${fault}`, { expected, actual });
}
