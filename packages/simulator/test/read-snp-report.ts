// Reads a SEV-SNP report by the offsets of the format, without the verifier's parser.
import assert from "node:assert/strict";
import { ByteReader, concatBytes, encodeHex, isZero, verifyEcdsaP384 } from "@sealserve/core";

export const REPORT_BYTES = 1184;
export const SIGNED_BYTES = 0x2a0;

export function readSnpReport(report: Uint8Array) {
  assert.equal(report.length, REPORT_BYTES);
  const at = (offset: number): ByteReader => new ByteReader(report.subarray(offset));
  const hex = (offset: number, length: number): string => encodeHex(report.subarray(offset, offset + length));
  return {
    version: at(0x00).u32(),
    guestSvn: at(0x04).u32(),
    policy: at(0x08).u64(),
    familyId: hex(0x10, 16),
    imageId: hex(0x20, 16),
    vmpl: at(0x30).u32(),
    signatureAlgorithm: at(0x34).u32(),
    currentTcb: hex(0x38, 8),
    platformInfo: at(0x40).u64(),
    flags: at(0x48).u32(),
    reportData: hex(0x50, 64),
    measurement: hex(0x90, 48),
    hostData: hex(0xc0, 32),
    idKeyDigest: hex(0xe0, 48),
    authorKeyDigest: hex(0x110, 48),
    reportId: hex(0x140, 32),
    reportIdMa: hex(0x160, 32),
    reportedTcb: hex(0x180, 8),
    cpuId: hex(0x188, 3),
    chipId: hex(0x1a0, 64),
    committedTcb: hex(0x1e0, 8),
    currentFirmware: hex(0x1e8, 4),
    committedFirmware: hex(0x1ec, 4),
    launchTcb: hex(0x1f0, 8),
    launchMitigations: at(0x1f8).u64(),
    currentMitigations: at(0x200).u64(),
  };
}

/** Whether all bytes that the format reserves are zero. */
export function reservedAreZero(report: Uint8Array): boolean {
  const reserved: readonly [from: number, to: number][] = [
    [0x4c, 0x50],
    [0x18b, 0x1a0],
    [0x208, 0x2a0],
    [0x2a0 + 48, 0x2a0 + 72],
    [0x2a0 + 120, REPORT_BYTES],
  ];
  return reserved.every(([from, to]) => isZero(report.subarray(from, to)));
}

/** Whether the key with this SubjectPublicKeyInfo signed the report. */
export function isSignedBy(report: Uint8Array, publicKeyInfo: Uint8Array): Promise<boolean> {
  const number = (offset: number): Uint8Array => report.subarray(offset, offset + 48).toReversed();
  const signature = concatBytes(number(0x2a0), number(0x2a0 + 72));
  return verifyEcdsaP384(publicKeyInfo.subarray(-96), signature, report.subarray(0, SIGNED_BYTES));
}
