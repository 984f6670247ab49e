import { ByteReader, encodeUtf8, equalBytes, isZero } from "@sealserve/core";
import { DIGEST_KINDS, type DigestKind, RTMR_DIGEST } from "./digest-algorithm.ts";
import { malformedLog } from "./event-log-error.ts";
import { EV_NO_ACTION, MAX_REGISTER_INDEX } from "./log-event.ts";

/** The first record has the form that logs had when SHA-1 was the only algorithm. */
const SHA1_SIZE = 20;

const SIGNATURE = encodeUtf8("Spec ID Event03\0");

/** Platform class u32, minor and major version, errata, and the size of a UINTN; nothing here depends on them. */
const PLATFORM_LENGTH = 8;

/**
 * Reads the record at the start of a log, which says by which algorithms its digests are made (TCG PC Client Platform
 * Firmware Profile, TCG_EfiSpecIDEvent).
 * @returns the algorithms by their identifiers; SHA-384 is among them
 */
export function readSpecId(reader: ByteReader): ReadonlyMap<number, DigestKind> {
  const registerIndex = reader.u32();
  const type = reader.u32();
  const digest = reader.bytes(SHA1_SIZE);
  const specId = new ByteReader(reader.bytes(reader.u32()));
  if (registerIndex > MAX_REGISTER_INDEX || type !== EV_NO_ACTION || !isZero(digest)) {
    throw malformedLog("first record is not the one that describes the log");
  }
  return parseSpecId(specId);
}

function parseSpecId(reader: ByteReader): ReadonlyMap<number, DigestKind> {
  if (!equalBytes(reader.bytes(SIGNATURE.length), SIGNATURE)) {
    throw malformedLog("log is not in the crypto-agile format", "Spec ID Event03");
  }
  reader.bytes(PLATFORM_LENGTH);
  const kinds = readDigestKinds(reader);
  reader.bytes(reader.u8());
  reader.expectEnd("description of the log");
  return kinds;
}

function readDigestKinds(reader: ByteReader): ReadonlyMap<number, DigestKind> {
  const count = reader.u32();
  // Each algorithm may stand once, so this also bounds the loop.
  if (count > DIGEST_KINDS.size) {
    throw malformedLog("log lists too many digest algorithms", `at most ${DIGEST_KINDS.size}`, `${count}`);
  }
  const kinds = new Map<number, DigestKind>();
  for (let index = 0; index < count; index++) {
    const id = reader.u16();
    const size = reader.u16();
    const kind = DIGEST_KINDS.get(id);
    if (kind?.size !== size || kinds.has(id)) {
      throw malformedLog("log lists an unknown or repeated digest algorithm", undefined, `${id} of ${size} bytes`);
    }
    kinds.set(id, kind);
  }
  if (![...kinds.values()].some(({ name }) => name === RTMR_DIGEST.name)) {
    throw malformedLog("log has no digests with which TDX extends its registers", RTMR_DIGEST.name);
  }
  return kinds;
}
