import { ByteReader, encodeHex } from "@sealserve/core";
import { AttestationError } from "../errors.ts";

/**
 * Raw TCB and PPID with which the PCK certificate of a platform can be looked up in a cache (types 1 to 3).
 * They are hints: nothing has signed them.
 */
export interface PlatformHint {
  /** In clear for type 1, encrypted to Intel's provisioning key otherwise. */
  readonly ppid: Uint8Array;
  readonly cpuSvn: Uint8Array;
  readonly pceSvn: number;
  /** Two bytes as on the wire, lower-case hex. */
  readonly pceId: string;
}

/** How a quote names its PCK certificate (Intel SGX DCAP quote format, certification data types). */
export interface CertificationData {
  readonly type: number;
  readonly data: Uint8Array;
  /** Types 1 to 3. Absent for a type 1 of another length, which one early sample of Intel has. */
  readonly platform: PlatformHint | undefined;
  /** Type 5: the PCK chain in PEM, with the filler that its producer put behind it. */
  readonly pckCertificateChain: Uint8Array | undefined;
}

interface CertificationDataKind {
  readonly content: "platform" | "leaf" | "chain" | "manifest";
  readonly ppidLength?: number;
}

/** The type that wraps QE report and all other certification data from quote version 4 on. */
export const QE_REPORT_CERTIFICATION = 6;

/** Without {@link QE_REPORT_CERTIFICATION}: it is never nested. */
const KINDS: ReadonlyMap<number, CertificationDataKind> = new Map([
  [1, { content: "platform", ppidLength: 16 }],
  [2, { content: "platform", ppidLength: 256 }],
  [3, { content: "platform", ppidLength: 384 }],
  [4, { content: "leaf" }],
  [5, { content: "chain" }],
  [7, { content: "manifest" }],
]);

/** CPUSVN, PCESVN and PCEID behind the PPID. */
const RAW_TCB_LENGTH = 20;

/**
 * Reads type, size and content of certification data.
 * @throws AttestationError `quote-malformed` for an unknown type or a size that the type does not have
 */
export function readCertificationData(reader: ByteReader): CertificationData {
  const type = reader.u16();
  const data = reader.bytes(reader.u32());
  const kind = KINDS.get(type);
  if (kind === undefined) {
    throw new AttestationError("quote-malformed", "quote has certification data of an unknown type", {
      expected: [...KINDS.keys()].join(", "),
      actual: `${type}`,
    });
  }
  return {
    type,
    data,
    platform: kind.ppidLength === undefined ? undefined : readPlatformHint(type, data, kind.ppidLength),
    pckCertificateChain: kind.content === "chain" ? data : undefined,
  };
}

function readPlatformHint(type: number, data: Uint8Array, ppidLength: number): PlatformHint | undefined {
  if (data.length !== ppidLength + RAW_TCB_LENGTH) {
    if (type === 1) {
      return undefined;
    }
    throw new AttestationError("quote-malformed", `certification data of type ${type} has the wrong size`, {
      expected: `${ppidLength + RAW_TCB_LENGTH} bytes`,
      actual: `${data.length} bytes`,
    });
  }
  const reader = new ByteReader(data);
  return {
    ppid: reader.bytes(ppidLength),
    cpuSvn: reader.bytes(16),
    pceSvn: reader.u16(),
    pceId: encodeHex(reader.bytes(2)),
  };
}
