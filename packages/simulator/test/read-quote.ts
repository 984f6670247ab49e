// Reads a quote of any version by the offsets of the format, without the verifier's parser.
import assert from "node:assert/strict";
import { ByteReader, encodeHex, equalBytes, sha256, verifyEcdsaP256 } from "@sealserve/core";
import type { Vendor } from "../src/vendor/vendor.ts";

export interface ReadQuote {
  readonly version: number;
  readonly keyType: number;
  readonly teeType: number;
  readonly reserved: readonly number[];
  readonly qeVendor: string;
  readonly userData: string;
  /** Version 5 only. */
  readonly descriptor: { readonly type: number; readonly size: number } | undefined;
  readonly body: Uint8Array;
  /** Everything that the quote's signature covers. */
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
  readonly publicKey: Uint8Array;
  /** Versions 4 and 5 only. */
  readonly outer: { readonly type: number; readonly size: number } | undefined;
  readonly qeReport: Uint8Array;
  readonly qeReportSignature: Uint8Array;
  readonly authenticationData: Uint8Array;
  readonly certification: { readonly type: number; readonly data: Uint8Array };
  readonly trailing: Uint8Array;
}

const SGX_BODY = 384;
const TD_1_0_BODY = 584;

/** @param bodyLength where a descriptor lies about it */
export function readQuote(quote: Uint8Array, bodyLength?: number): ReadQuote {
  const reader = new ByteReader(quote);
  const header = {
    version: reader.u16(),
    keyType: reader.u16(),
    teeType: reader.u32(),
    reserved: [reader.u16(), reader.u16()],
    qeVendor: encodeHex(reader.bytes(16)),
    userData: encodeHex(reader.bytes(20)),
  };
  const descriptor = header.version === 5 ? { type: reader.u16(), size: reader.u32() } : undefined;
  const usual = header.teeType === 0 ? SGX_BODY : TD_1_0_BODY;
  const body = reader.bytes(bodyLength ?? descriptor?.size ?? usual);
  const signed = quote.subarray(0, reader.offset);
  const section = new ByteReader(reader.bytes(reader.u32()));
  const trailing = reader.bytes(reader.remaining);
  return { ...header, descriptor, body, signed, ...readSection(section, header.version), trailing };
}

function readSection(section: ByteReader, version: number) {
  const signature = section.bytes(64);
  const publicKey = section.bytes(64);
  const outer = version === 3 ? undefined : { type: section.u16(), size: section.u32() };
  assert.equal(outer?.size ?? section.remaining, section.remaining);
  const read = {
    qeReport: section.bytes(384),
    qeReportSignature: section.bytes(64),
    authenticationData: section.bytes(section.u16()),
    certification: { type: section.u16(), data: section.bytes(section.u32()) },
  };
  section.expectEnd("signature section");
  return { signature, publicKey, outer, ...read };
}

/** Which of the three proofs of a quote hold: its signature, the binding of its key, the signature of the PCK. */
export async function proofsOf(quote: ReadQuote, vendor: Vendor): Promise<[boolean, boolean, boolean]> {
  const { publicKey, authenticationData, qeReport } = quote;
  const bound = await sha256(Uint8Array.from([...publicKey, ...authenticationData]));
  const pckPoint = vendor.pck.certificate.publicKeyInfo.subarray(-64);
  return [
    await verifyEcdsaP256(publicKey, quote.signature, quote.signed),
    equalBytes(qeReport.subarray(320, 352), bound) && equalBytes(qeReport.subarray(352), new Uint8Array(32)),
    await verifyEcdsaP256(pckPoint, quote.qeReportSignature, qeReport),
  ];
}
