import { concatBytes } from "@sealserve/core";
import { expectReportData, fixedBytes } from "../fixed-bytes.ts";
import { encodeU32, encodeU64 } from "../little-endian.ts";
import { type CpuId, PRODUCTS, type SnpProduct } from "./snp-product.ts";
import { encodeTcbVersion, type SnpTcb } from "./snp-tcb.ts";

/** Which key the report says it is signed with, by the number in its flags. */
export const SNP_SIGNING_KEYS = { vcek: 0, vlek: 1, none: 7 } as const;

/** POLICY of an ordinary production guest: any ABI version, SMT allowed, and bit 17, which must be set. */
export const SNP_POLICY = 0x3_0000n;

/** PLATFORM_INFO: SMT, ECC memory, alias check complete. */
export const SNP_PLATFORM_INFO = 0x25n;

/** Version of the firmware of a platform. */
export interface SnpFirmware {
  readonly build: number;
  readonly minor: number;
  readonly major: number;
}

/** A TCB_VERSION by its parts, the rest as usual, or as 16 hex digits. */
export type TcbField = Partial<SnpTcb> | string;

/** What the simulated secure processor says about a guest. Byte strings are hex unless they are `Uint8Array`; zero by default. */
export interface SnpReportFields {
  /** SHA-384 of what the guest started with, 96 hex digits. */
  readonly measurement: string;
  /** The caller's 64 bytes. */
  readonly reportData: Uint8Array;
  /** Version of the report: 3, or 5 for Turin. CPUID is written from 3 on, mitigation vectors from 5 on. */
  readonly version?: number;
  readonly guestSvn?: number;
  /** {@link SNP_POLICY} by default. */
  readonly policy?: bigint;
  /** 32 hex digits. */
  readonly familyId?: string;
  /** 32 hex digits. */
  readonly imageId?: string;
  readonly vmpl?: number;
  /** 1, ECDSA P-384 with SHA-384, by default. */
  readonly signatureAlgorithm?: number;
  /** By default one microcode level above the reported TCB. */
  readonly currentTcb?: TcbField;
  /** {@link SNP_PLATFORM_INFO} by default. */
  readonly platformInfo?: bigint;
  readonly authorKeyEnabled?: boolean;
  /** MASK_CHIP_KEY. */
  readonly maskChipKey?: boolean;
  /** Number of the signing key, 0 to 7; by default that of the key that signs. */
  readonly signingKey?: number;
  /** All 32 bits of flags in place of the three above. */
  readonly flags?: number;
  /** 64 hex digits. */
  readonly hostData?: string;
  /** 96 hex digits. */
  readonly idKeyDigest?: string;
  /** 96 hex digits. */
  readonly authorKeyDigest?: string;
  /** 64 hex digits. */
  readonly reportId?: string;
  /** 64 hex digits; all ones, no migration agent, by default. */
  readonly reportIdMa?: string;
  /** By default that of the simulated processor. */
  readonly reportedTcb?: TcbField;
  /** By default that of the product. */
  readonly cpuId?: Partial<CpuId>;
  /** 128 hex digits; by default the hardware id of the processor, zero in a report that a VLEK signs. */
  readonly chipId?: string;
  /** By default the reported TCB. */
  readonly committedTcb?: TcbField;
  readonly currentFirmware?: Partial<SnpFirmware>;
  readonly committedFirmware?: Partial<SnpFirmware>;
  /** By default the reported TCB. */
  readonly launchTcb?: TcbField;
  readonly launchMitigations?: bigint;
  readonly currentMitigations?: bigint;
}

/** What a report says when nobody asks otherwise. */
export interface SnpReportDefaults {
  readonly product: SnpProduct;
  readonly tcb: SnpTcb;
  readonly chipId: Uint8Array;
  readonly signingKey: number;
}

const FIRMWARE: SnpFirmware = { build: 29, minor: 55, major: 1 };
const NO_MIGRATION_AGENT = "ff".repeat(32);
const MITIGATED = 1n;
const CPUID_SINCE = 3;
const MITIGATIONS_SINCE = 5;
const ECDSA_P384_SHA384 = 1;

/** The 672 signed bytes of a report (SEV Secure Nested Paging firmware ABI specification, ATTESTATION_REPORT structure). @throws CoreError `bad-hex`, SimulatorError `bad-argument` */
export function encodeSnpReport(fields: SnpReportFields, defaults: SnpReportDefaults): Uint8Array {
  const version = fields.version ?? PRODUCTS[defaults.product].reportVersion;
  return concatBytes(
    encodeU32(version),
    encodeU32(fields.guestSvn ?? 0),
    encodeU64(fields.policy ?? SNP_POLICY),
    fixedBytes(fields.familyId, 16),
    fixedBytes(fields.imageId, 16),
    encodeU32(fields.vmpl ?? 0),
    encodeU32(fields.signatureAlgorithm ?? ECDSA_P384_SHA384),
    currentTcb(fields, defaults),
    encodeU64(fields.platformInfo ?? SNP_PLATFORM_INFO),
    encodeU32(flagsOf(fields, defaults)),
    encodeU32(0),
    expectReportData(fields.reportData),
    fixedBytes(fields.measurement, 48),
    fixedBytes(fields.hostData, 32),
    fixedBytes(fields.idKeyDigest, 48),
    fixedBytes(fields.authorKeyDigest, 48),
    fixedBytes(fields.reportId, 32),
    fixedBytes(fields.reportIdMa ?? NO_MIGRATION_AGENT, 32),
    encodePlatform(fields, defaults, version),
  );
}

/** From REPORTED_TCB to the end. */
function encodePlatform(fields: SnpReportFields, defaults: SnpReportDefaults, version: number): Uint8Array {
  const hasMitigations = version >= MITIGATIONS_SINCE;
  return concatBytes(
    tcbField(fields.reportedTcb, defaults),
    version >= CPUID_SINCE ? encodeCpuId({ ...PRODUCTS[defaults.product].cpuId, ...fields.cpuId }) : new Uint8Array(3),
    new Uint8Array(21),
    fields.chipId === undefined ? defaults.chipId : fixedBytes(fields.chipId, 64),
    tcbField(fields.committedTcb ?? fields.reportedTcb, defaults),
    encodeFirmware(fields.currentFirmware),
    encodeFirmware(fields.committedFirmware),
    tcbField(fields.launchTcb ?? fields.reportedTcb, defaults),
    encodeU64(hasMitigations ? (fields.launchMitigations ?? MITIGATED) : 0n),
    encodeU64(hasMitigations ? (fields.currentMitigations ?? MITIGATED) : 0n),
    new Uint8Array(152),
  );
}

/**
 * CURRENT_TCB. Newer than the reported one unless asked otherwise, as on a host that waits with its commitment: a
 * verifier that compares it with the certificate in place of REPORTED_TCB must be wrong.
 */
function currentTcb({ currentTcb: current, reportedTcb }: SnpReportFields, defaults: SnpReportDefaults): Uint8Array {
  const bytes = tcbField(current ?? reportedTcb, defaults);
  if (current === undefined) {
    bytes[7] = Math.min(0xff, (bytes[7] ?? 0) + 1);
  }
  return bytes;
}

function tcbField(field: TcbField = {}, { product, tcb }: SnpReportDefaults): Uint8Array {
  return typeof field === "string" ? fixedBytes(field, 8) : encodeTcbVersion(product, { ...tcb, ...field });
}

function flagsOf(fields: SnpReportFields, { signingKey }: SnpReportDefaults): number {
  const authorKey = fields.authorKeyEnabled === true ? 1 : 0;
  const maskChipKey = fields.maskChipKey === true ? 2 : 0;
  return fields.flags ?? authorKey | maskChipKey | ((fields.signingKey ?? signingKey) << 2);
}

function encodeCpuId({ family, model, stepping }: CpuId): Uint8Array {
  return Uint8Array.of(family, model, stepping);
}

/** Build, minor and major version with a reserved byte behind. */
function encodeFirmware(firmware: Partial<SnpFirmware> = {}): Uint8Array {
  const { build, minor, major } = { ...FIRMWARE, ...firmware };
  return Uint8Array.of(build, minor, major, 0);
}
