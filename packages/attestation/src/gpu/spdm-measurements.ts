import { ByteReader } from "@sealserve/core";
import { malformedGpuEvidence } from "./gpu-evidence-error.ts";
import { type MeasurementBlock, readMeasurementRecord } from "./measurement-record.ts";

/** Length of a nonce, of the requester or of the device. */
export const SPDM_NONCE_LENGTH = 32;

const SPDM_1_1 = 0x11;
const GET_MEASUREMENTS = 0xe0;
const MEASUREMENTS = 0x60;
const SIGNATURE_REQUESTED = 1;
const ALL_MEASUREMENTS = 0xff;
const MAX_SLOT = 7;
/** r and s of ECDSA P-384. */
const SIGNATURE_LENGTH = 96;

/** One exchange in which a device signs its measurements (DMTF DSP0274 version 1.1, GET_MEASUREMENTS and MEASUREMENTS). */
export interface SpdmMeasurements {
  /** What the requester sent. */
  readonly requestNonce: Uint8Array;
  /** What the device added. */
  readonly responseNonce: Uint8Array;
  /** Place of the certificate chain whose leaf signs. */
  readonly slot: number;
  readonly measurementRecord: Uint8Array;
  readonly blocks: readonly MeasurementBlock[];
  /** Data of the vendor, under the signature like the measurements. */
  readonly opaqueData: Uint8Array;
  /** Request and response up to the signature. */
  readonly signedBytes: Uint8Array;
  /** r and s, 48 bytes each, big endian. */
  readonly signature: Uint8Array;
}

/** Reads a request and the response to it, which must be consumed exactly. */
export function readSpdmMeasurements(bytes: Uint8Array): SpdmMeasurements {
  const reader = new ByteReader(bytes);
  const { requestNonce, slot } = readRequest(reader);
  const { count, measurementRecord } = readResponseStart(reader, slot);
  const responseNonce = reader.bytes(SPDM_NONCE_LENGTH);
  const opaqueData = reader.bytes(reader.u16());
  const signedBytes = bytes.subarray(0, reader.offset);
  const signature = reader.bytes(SIGNATURE_LENGTH);
  reader.expectEnd("SPDM response");
  const blocks = readMeasurementRecord(measurementRecord, count);
  return { requestNonce, responseNonce, slot, measurementRecord, blocks, opaqueData, signedBytes, signature };
}

function readRequest(reader: ByteReader): { requestNonce: Uint8Array; slot: number } {
  expectHeader(reader, [SPDM_1_1, GET_MEASUREMENTS, SIGNATURE_REQUESTED, ALL_MEASUREMENTS], "SPDM request");
  const requestNonce = reader.bytes(SPDM_NONCE_LENGTH);
  const slot = reader.u8();
  if (slot > MAX_SLOT) {
    throw malformedGpuEvidence("SPDM request names a slot that does not exist", `0 to ${MAX_SLOT}`, `${slot}`);
  }
  return { requestNonce, slot };
}

function readResponseStart(reader: ByteReader, slot: number): { count: number; measurementRecord: Uint8Array } {
  expectHeader(reader, [SPDM_1_1, MEASUREMENTS, 0, slot], "SPDM response");
  const count = reader.u8();
  const measurementRecord = reader.bytes(readU24(reader));
  return { count, measurementRecord };
}

function expectHeader(reader: ByteReader, expected: readonly number[], what: string): void {
  const actual = reader.bytes(expected.length);
  if (!expected.every((byte, index) => byte === actual[index])) {
    const message = `${what} is no exchange of signed measurements by SPDM 1.1`;
    throw malformedGpuEvidence(message, expected.join(", "), actual.join(", "));
  }
}

function readU24(reader: ByteReader): number {
  return reader.u16() + reader.u8() * 0x1_0000;
}
