import { isIP } from "node:net";

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i;
const MAX_NAME_LENGTH = 253;
/** Upper bound of a common name (RFC 5280 appendix A.1, ub-common-name). */
const MAX_COMMON_NAME_LENGTH = 64;

/** Whether a certificate can carry the text as a name that clients compare: an IP address, or a DNS name, `*.` in front allowed. */
export function isServerName(text: string): boolean {
  if (isIP(text) !== 0) {
    return true;
  }
  const labels = text.replace(/^\*\./, "").split(".");
  // What ends in a number is read as an IPv4 address by clients, so it must be one.
  const endsInNumber = /^\d+$/.test(labels.at(-1) ?? "");
  return text.length <= MAX_NAME_LENGTH && !endsInNumber && labels.every((label) => LABEL.test(label));
}

/** The names by kind. */
export function splitNames(names: readonly string[]): { readonly dns: string[]; readonly ip: string[] } {
  return { dns: names.filter((name) => isIP(name) === 0), ip: names.filter((name) => isIP(name) !== 0) };
}

/**
 * The name that also stands as the common name: clients of Gramine up to 1.3.1 and scripts of that time look there. A DNS name
 * if there is one that fits.
 */
export function commonNameOf(names: readonly string[]): string {
  const fitting = [...splitNames(names).dns, ...names].filter((name) => name.length <= MAX_COMMON_NAME_LENGTH);
  return fitting[0] ?? "Sealserve";
}
