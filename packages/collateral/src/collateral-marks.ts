import type { VerifiedCollateral } from "@sealserve/attestation";

/** How far one document of collateral has come. */
export interface Mark {
  /** Names the document, and what it is about where there are several. */
  readonly document: string;
  readonly value: bigint;
  readonly show: (value: bigint) => string;
}

export const ROOT_CRL = "root CA CRL";

/** The numbers count for all platforms of a kind of TEE: a lower one hides a recovery that is known to have happened. */
export function evaluationMarks({ tee, evaluationNumbers }: VerifiedCollateral): Mark[] {
  const show = (value: bigint): string => `TCB evaluation data number ${value}`;
  return [
    { document: `TCB evaluation in the TCB info (${tee})`, value: BigInt(evaluationNumbers.tcbInfo), show },
    { document: `TCB evaluation in the QE identity (${tee})`, value: BigInt(evaluationNumbers.qeIdentity), show },
  ];
}

export function issueMarks({ tee, fmspc, pckCa, issued }: VerifiedCollateral): Mark[] {
  return [
    issueMark(`TCB info (${tee}, ${fmspc})`, issued.tcbInfo),
    issueMark(`QE identity (${tee})`, issued.qeIdentity),
    issueMark(`PCK CRL (${pckCa})`, issued.pckCrl),
    issueMark(ROOT_CRL, issued.rootCaCrl),
  ];
}

/** An issuer that numbers its lists counts upwards; two lists of one second are told apart by nothing else. */
export function crlNumberMarks({ pckCa, crlNumbers }: VerifiedCollateral): Mark[] {
  return [crlNumberMark(`PCK CRL (${pckCa})`, crlNumbers.pckCrl), crlNumberMark(ROOT_CRL, crlNumbers.rootCaCrl)];
}

/** A list of an AMD Root Key. Without a date and a number there is none. */
interface RootList {
  /** Common name of the root. */
  readonly root: string;
  readonly issued: Date | undefined;
  readonly number: bigint | undefined;
}

/**
 * The root has one row of lists, for both kinds of endorsement keys: all have its name and the same scope (RFC 5280 section
 * 5.2.3). Collateral without a list, after one that had one, counts as the lowest: it would hide a revocation.
 */
export function rootListMarks({ root, issued = new Date(0), number }: RootList): Mark[] {
  const document = `CRL of ${root}`;
  return [issueMark(document, issued), crlNumberMark(document, number)];
}

/** A list without a number, after one that had one, counts as the lowest. */
function crlNumberMark(list: string, value = -1n): Mark {
  return { document: `number of the ${list}`, value, show: (number) => `CRL number ${number}` };
}

/** When a document was issued. */
export function issueMark(document: string, issued: Date): Mark {
  return {
    document,
    value: BigInt(issued.getTime()),
    show: (value) => `issued ${new Date(Number(value)).toISOString()}`,
  };
}
