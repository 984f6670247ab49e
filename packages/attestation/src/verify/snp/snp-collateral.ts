import { type Certificate, decodePem, decodeUtf8 } from "@sealserve/core";
import { AttestationError, refuseAs } from "../../errors.ts";
import type { SnpReport } from "../../snp/snp-report.ts";
import type { CertificatePool } from "../certificate-pool.ts";

/** One certificate: PEM text, or bytes that are DER or PEM. */
export type CertificateSource = string | Uint8Array;

/**
 * What a verifier needs from AMD's key distribution service to judge the reports of one product. The certificates can stand
 * beside the report too, and are taken from there when they are not given: the root is known by its key, so it does not matter
 * who brings them.
 */
export interface SnpCollateral {
  /** The CA of the endorsement key: ASK, or ASVK for a VLEK. */
  readonly ask?: CertificateSource;
  /** The AMD Root Key. */
  readonly ark?: CertificateSource;
  /** The endorsement key, VCEK or VLEK, of one processor and TCB. Takes the place of the one beside the report. */
  readonly vek?: CertificateSource;
  /** DER: the list of the root. Never taken from the evidence, whose maker could send one that is too old to tell. */
  readonly crl?: Uint8Array;
}

const DER_SEQUENCE = 0x30;

/** Limit on one certificate in DER; AMD's have up to 1,700 bytes. */
const CERTIFICATE_MAX_LENGTH = 4096;

/** So that nothing changes between the checks, which are asynchronous. */
export function snapshotSnpCollateral({ ask, ark, vek, crl }: SnpCollateral): SnpCollateral {
  return {
    ...(ask === undefined ? {} : { ask: copy(ask) }),
    ...(ark === undefined ? {} : { ark: copy(ark) }),
    ...(vek === undefined ? {} : { vek: copy(vek) }),
    ...(crl === undefined ? {} : { crl: new Uint8Array(crl) }),
  };
}

function copy(source: CertificateSource): CertificateSource {
  return typeof source === "string" ? source : new Uint8Array(source);
}

/** Collateral completed with the issuers that stand beside a report. */
export function completeCollateral(collateral: SnpCollateral, { certificates }: SnpReport): SnpCollateral {
  const { ask, ark } = certificates;
  return { ...(ask === undefined ? {} : { ask }), ...(ark === undefined ? {} : { ark }), ...collateral };
}

/**
 * One certificate in DER.
 * @param what names it, for the message
 * @throws AttestationError `snp-chain-malformed`
 */
export function certificateBytes(source: CertificateSource, what: string): Uint8Array {
  const der = refuseAs("snp-chain-malformed", what, () => decodeSource(source));
  if (der === undefined || der.length > CERTIFICATE_MAX_LENGTH) {
    throw new AttestationError("snp-chain-malformed", `${what} is not exactly one certificate`, {
      expected: `1 certificate of at most ${CERTIFICATE_MAX_LENGTH} bytes`,
      actual: der === undefined ? "several" : `${der.length} bytes`,
    });
  }
  return der;
}

/** @throws AttestationError `snp-chain-malformed` */
export function readCertificate(source: CertificateSource, what: string, pool: CertificatePool): Certificate {
  const der = certificateBytes(source, what);
  return refuseAs("snp-chain-malformed", what, () => pool.parse(der));
}

function decodeSource(source: CertificateSource): Uint8Array | undefined {
  if (typeof source !== "string" && source[0] === DER_SEQUENCE) {
    return source;
  }
  const [block, ...others] = decodePem(typeof source === "string" ? source : decodeUtf8(source), "CERTIFICATE");
  return others.length === 0 ? block?.bytes : undefined;
}
