import { concatBytes } from "@sealserve/core";
import { fixedBytes } from "./fixed-bytes.ts";
import { type IntelTee, TEE_NAMES } from "./intel-tee.ts";
import { encodeU16, encodeU32 } from "./little-endian.ts";
import { QUOTING_ENCLAVES } from "./quoting-enclave.ts";

const ECDSA_P256 = 2;
const INTEL_QE_VENDOR = "939a7233f79c4ca9940a0db3957f0607";

/** Ways in which a test can make what stands before the signature section wrong. */
export interface PrefixOverrides {
  /** Each member changes these bytes of the header only, not the form of the quote. */
  readonly header?: {
    readonly version?: number;
    readonly attestationKeyType?: number;
    readonly teeType?: number;
    /** Bytes 8 and 9; reserved from version 4 on. */
    readonly qeSvn?: number;
    /** Bytes 10 and 11; reserved from version 4 on. */
    readonly pceSvn?: number;
    /** 32 hex digits. */
    readonly qeVendor?: string;
    /** 40 hex digits; zero by default. */
    readonly userData?: string;
  };
  /** What the descriptor of version 5 says, whatever body follows. */
  readonly bodyDescriptor?: { readonly type?: number; readonly size?: number };
}

/** The form of a quote's prefix. */
export interface PrefixForm {
  readonly version: 3 | 4 | 5;
  readonly tee: IntelTee;
  /** Written in version 5 only: 1 is an SGX report, 2 and 3 are TD reports 1.0 and 1.5. */
  readonly bodyType: 1 | 2 | 3;
}

/** Header, in version 5 body descriptor, and body: what a quote's signature covers (Intel DCAP quote format, versions 3 to 5). */
export function encodePrefix(form: PrefixForm, body: Uint8Array, overrides: PrefixOverrides): Uint8Array {
  const header = encodeHeader(form, overrides);
  return form.version === 5
    ? concatBytes(header, encodeDescriptor(form, body, overrides), body)
    : concatBytes(header, body);
}

function encodeHeader({ version, tee }: PrefixForm, { header = {} }: PrefixOverrides): Uint8Array {
  return concatBytes(
    encodeU16(header.version ?? version),
    encodeU16(header.attestationKeyType ?? ECDSA_P256),
    encodeU32(header.teeType ?? TEE_NAMES[tee].teeType),
    encodeU16(header.qeSvn ?? (version === 3 ? QUOTING_ENCLAVES[tee].isvSvn : 0)),
    encodeU16(header.pceSvn ?? 0),
    fixedBytes(header.qeVendor ?? INTEL_QE_VENDOR, 16),
    fixedBytes(header.userData, 20),
  );
}

function encodeDescriptor(form: PrefixForm, body: Uint8Array, { bodyDescriptor = {} }: PrefixOverrides): Uint8Array {
  return concatBytes(encodeU16(bodyDescriptor.type ?? form.bodyType), encodeU32(bodyDescriptor.size ?? body.length));
}
