import type { ByteReader } from "@sealserve/core";
import { AttestationError } from "../errors.ts";
import type { SnpProduct } from "../tee/snp-product.ts";
import { productOfCpu, readSnpCpuId, type SnpCpuId } from "./cpu-id.ts";
import { readFirmwareVersion, type SnpFirmwareVersion } from "./firmware-version.ts";
import { parseSnpGuestPolicy, type SnpGuestPolicy } from "./guest-policy.ts";
import { parseSnpPlatformInfo, type SnpPlatformInfo } from "./platform-info.ts";
import { parseSnpReportFlags, type SnpReportFlags } from "./report-flags.ts";
import { malformed, skipReserved } from "./reserved.ts";

/**
 * What the secure processor says about a guest (SEV Secure Nested Paging firmware ABI specification, ATTESTATION_REPORT).
 * TCB versions are the 8 bytes as they stand, since their layout depends on the product: `parseSnpTcb` reads them.
 */
export interface SnpReportBody extends SnpReportFlags {
  readonly version: number;
  readonly guestSvn: number;
  readonly policy: SnpGuestPolicy;
  /** 16 bytes, as the identity block of the guest has them. */
  readonly familyId: Uint8Array;
  /** 16 bytes, likewise. */
  readonly imageId: Uint8Array;
  /** Privilege level of who asked, 0 (highest) to 3; {@link HOST_REQUESTED} when the host asked. */
  readonly vmpl: number;
  /** The TCB that runs now. */
  readonly currentTcb: Uint8Array;
  readonly platformInfo: SnpPlatformInfo;
  /** 64 bytes. */
  readonly reportData: Uint8Array;
  /** 48 bytes: initial content of the guest. */
  readonly measurement: Uint8Array;
  /** 32 bytes that the host gave at the launch. */
  readonly hostData: Uint8Array;
  /** 48 bytes: SHA-384 of the key that signed the identity block; zero without one. */
  readonly idKeyDigest: Uint8Array;
  /** 48 bytes: SHA-384 of the key that signed that key; zero without one. */
  readonly authorKeyDigest: Uint8Array;
  /** 32 bytes. */
  readonly reportId: Uint8Array;
  /** 32 bytes: report id of the migration agent; all ones without one. */
  readonly reportIdMa: Uint8Array;
  /** The TCB that the host lets the report state, by which its key is derived. */
  readonly reportedTcb: Uint8Array;
  /** From version 3 on. */
  readonly cpuId: SnpCpuId | undefined;
  /** The generation of {@link cpuId}. */
  readonly product: SnpProduct | undefined;
  /** 64 bytes; zero with a VLEK, or when the host masks it. */
  readonly chipId: Uint8Array;
  /** The TCB below which the host can never go again. */
  readonly committedTcb: Uint8Array;
  readonly currentFirmware: SnpFirmwareVersion;
  readonly committedFirmware: SnpFirmwareVersion;
  /** The TCB under which the guest was launched. */
  readonly launchTcb: Uint8Array;
  /** From version 5 on: which vulnerabilities the firmware has mitigated, as bits, at the launch and now. */
  readonly launchMitigations: bigint | undefined;
  readonly currentMitigations: bigint | undefined;
}

/** VMPL of a report that the host asked for, and not the guest. */
export const HOST_REQUESTED = 0xffff_ffff;

const VMPL_MAX = 3;
const ECDSA_P384_SHA384 = 1;

/** What each version of reports has; a version without a row is refused. */
const VERSIONS: ReadonlyMap<number, { readonly cpuId: boolean; readonly mitigations: boolean }> = new Map([
  [2, { cpuId: false, mitigations: false }],
  [3, { cpuId: true, mitigations: false }],
  [4, { cpuId: true, mitigations: false }],
  [5, { cpuId: true, mitigations: true }],
]);

type Guest = Omit<SnpReportBody, keyof Platform>;
type Platform = Pick<
  SnpReportBody,
  | "reportedTcb"
  | "cpuId"
  | "product"
  | "chipId"
  | "committedTcb"
  | "currentFirmware"
  | "committedFirmware"
  | "launchTcb"
  | "launchMitigations"
  | "currentMitigations"
>;

/**
 * Reads the 672 signed bytes of a report.
 * @throws AttestationError `snp-report-version-unsupported`, `snp-report-signature-algorithm-unsupported`,
 * `snp-report-policy-reserved`, `snp-product-unknown`, `snp-report-malformed`; CoreError `truncated`
 */
export function readReportBody(reader: ByteReader): SnpReportBody {
  const version = reader.u32();
  const format = VERSIONS.get(version);
  if (format === undefined) {
    throw new AttestationError("snp-report-version-unsupported", "SEV-SNP report has an unknown version", {
      expected: [...VERSIONS.keys()].join(", "),
      actual: `${version}`,
    });
  }
  return { ...readGuest(reader, version), ...readPlatform(reader, format) };
}

/** Up to REPORT_ID_MA, in the order of the bytes. */
function readGuest(reader: ByteReader, version: number): Guest {
  const guestSvn = reader.u32();
  const policy = parseSnpGuestPolicy(reader.u64());
  const familyId = reader.bytes(16);
  const imageId = reader.bytes(16);
  const vmpl = readVmpl(reader);
  expectSignatureAlgorithm(reader.u32());
  const currentTcb = reader.bytes(8);
  const platformInfo = parseSnpPlatformInfo(reader.u64());
  const flags = parseSnpReportFlags(reader.u32());
  skipReserved(reader, 4);
  return {
    version,
    guestSvn,
    policy,
    familyId,
    imageId,
    vmpl,
    currentTcb,
    platformInfo,
    ...flags,
    reportData: reader.bytes(64),
    measurement: reader.bytes(48),
    hostData: reader.bytes(32),
    idKeyDigest: reader.bytes(48),
    authorKeyDigest: reader.bytes(48),
    reportId: reader.bytes(32),
    reportIdMa: reader.bytes(32),
  };
}

/** From REPORTED_TCB to the signature. */
function readPlatform(
  reader: ByteReader,
  format: { readonly cpuId: boolean; readonly mitigations: boolean },
): Platform {
  const reportedTcb = reader.bytes(8);
  const cpuId = format.cpuId ? readSnpCpuId(reader) : undefined;
  skipReserved(reader, format.cpuId ? 21 : 24);
  const fields = {
    reportedTcb,
    cpuId,
    product: cpuId === undefined ? undefined : productOfCpu(cpuId),
    chipId: reader.bytes(64),
    committedTcb: reader.bytes(8),
    currentFirmware: readFirmwareVersion(reader),
    committedFirmware: readFirmwareVersion(reader),
    launchTcb: reader.bytes(8),
    launchMitigations: format.mitigations ? reader.u64() : undefined,
    currentMitigations: format.mitigations ? reader.u64() : undefined,
  };
  skipReserved(reader, format.mitigations ? 152 : 168);
  return fields;
}

function readVmpl(reader: ByteReader): number {
  const vmpl = reader.u32();
  if (vmpl > VMPL_MAX && vmpl !== HOST_REQUESTED) {
    throw malformed("has an unknown privilege level", `0 to ${VMPL_MAX}, or ${HOST_REQUESTED}`, `${vmpl}`);
  }
  return vmpl;
}

function expectSignatureAlgorithm(algorithm: number): void {
  if (algorithm !== ECDSA_P384_SHA384) {
    const message = "SEV-SNP report is not signed with ECDSA P-384 and SHA-384";
    throw new AttestationError("snp-report-signature-algorithm-unsupported", message, {
      expected: `${ECDSA_P384_SHA384}`,
      actual: `${algorithm}`,
    });
  }
}
