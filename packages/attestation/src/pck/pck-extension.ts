import {
  type Certificate,
  type DerElement,
  derBoolean,
  derOctets,
  derSmallInteger,
  encodeHex,
  parseDer,
} from "@sealserve/core";
import { SVN_COMPONENTS } from "../collateral/tcb-info.ts";
import { refuseAs } from "../errors.ts";
import { malformed, OidTable } from "./oid-table.ts";

const SGX_EXTENSION = "1.2.840.113741.1.13.1";
const TCB = `${SGX_EXTENSION}.2`;
const CONFIGURATION = `${SGX_EXTENSION}.7`;

/** Configuration of a platform whose PCK certificate comes from the Platform CA. */
export interface PckConfiguration {
  readonly dynamicPlatform: boolean | undefined;
  readonly cachedKeys: boolean | undefined;
  readonly smtEnabled: boolean | undefined;
}

/** What Intel certifies about a platform in its PCK certificate. Byte strings in lower-case hex. */
export interface PckExtension {
  readonly ppid: string;
  /** The sixteen SVNs that count for the comparison with TCB levels. */
  readonly components: readonly number[];
  readonly pceSvn: number;
  /** CPUSVN as the platform reports it; its bytes may differ from `components`. */
  readonly cpuSvn: string;
  readonly pceId: string;
  readonly fmspc: string;
  /** 0 standard, 1 scalable, 2 scalable with integrity. */
  readonly sgxType: number;
  readonly platformInstanceId: string | undefined;
  readonly configuration: PckConfiguration | undefined;
}

/**
 * Reads the SGX extension of a PCK certificate (Intel SGX PCK certificate and CRL profile specification).
 * @throws AttestationError `pck-extension-malformed` when it is missing, incomplete or has a value out of range
 */
export function parsePckExtension(certificate: Certificate): PckExtension {
  const extension = certificate.extensions.get(SGX_EXTENSION);
  if (extension === undefined) {
    throw malformed("is missing", SGX_EXTENSION);
  }
  return refuseAs("pck-extension-malformed", "SGX extension of the PCK certificate", () =>
    readPckExtension(new OidTable(parseDer(extension.value))),
  );
}

function readPckExtension(table: OidTable): PckExtension {
  const tcb = new OidTable(table.required(TCB));
  const configuration = table.optional(CONFIGURATION);
  const platformInstanceId = table.optional(`${SGX_EXTENSION}.6`);
  return {
    ppid: readOctets(table.required(`${SGX_EXTENSION}.1`), 16),
    components: Array.from({ length: SVN_COMPONENTS }, (_, index) =>
      readNumber(tcb.required(`${TCB}.${index + 1}`), 0xff),
    ),
    pceSvn: readNumber(tcb.required(`${TCB}.17`), 0xffff),
    cpuSvn: readOctets(tcb.required(`${TCB}.18`), 16),
    pceId: readOctets(table.required(`${SGX_EXTENSION}.3`), 2),
    fmspc: readOctets(table.required(`${SGX_EXTENSION}.4`), 6),
    sgxType: readNumber(table.required(`${SGX_EXTENSION}.5`), 0xff),
    platformInstanceId: platformInstanceId && readOctets(platformInstanceId, 16),
    configuration: configuration && readConfiguration(new OidTable(configuration)),
  };
}

function readConfiguration(table: OidTable): PckConfiguration {
  const flag = (suffix: number): boolean | undefined => {
    const value = table.optional(`${CONFIGURATION}.${suffix}`);
    return value && derBoolean(value);
  };
  return { dynamicPlatform: flag(1), cachedKeys: flag(2), smtEnabled: flag(3) };
}

function readNumber(element: DerElement, maximum: number): number {
  const number = derSmallInteger(element);
  if (number > maximum) {
    throw malformed("has a number out of range", `0 to ${maximum}`, `${number}`);
  }
  return number;
}

function readOctets(element: DerElement, length: number): string {
  const octets = derOctets(element);
  if (octets.length !== length) {
    throw malformed("has a byte string of the wrong length", `${length} bytes`, `${octets.length} bytes`);
  }
  return encodeHex(octets);
}
