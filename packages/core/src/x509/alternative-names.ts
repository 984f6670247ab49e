import { decodeUtf8, encodeUtf8 } from "../bytes/text.ts";
import { type DerElement, parseDer } from "../der/element.ts";
import { encodeContext, encodeSequence } from "../der/encode.ts";
import { derSequence } from "../der/fields.ts";
import { CoreError } from "../errors.ts";
import { formatIpAddress, parseIpAddress } from "./ip-address.ts";

const DNS = 2;
const IP = 7;
const CONTEXT = 0x80;

/** The names of a server in subjectAltName (RFC 5280 section 4.2.1.6). Other kinds of names are left out. */
export interface AlternativeNames {
  /** As written, wildcards included. */
  readonly dns: readonly string[];
  /** IPv4 dotted, IPv6 as in RFC 5952. */
  readonly ip: readonly string[];
}

/** Value of a subjectAltName extension; at least one name of any kind. @throws CoreError `bad-der` */
export function parseAlternativeNames(value: Uint8Array): AlternativeNames {
  const names = derSequence(parseDer(value));
  if (names.length === 0) {
    throw new CoreError("bad-der", "subjectAltName is empty");
  }
  return {
    dns: names.filter(({ tag }) => tag === (CONTEXT | DNS)).map(dnsName),
    ip: names.filter(({ tag }) => tag === (CONTEXT | IP)).map(({ content }) => formatIpAddress(content)),
  };
}

/** Value of a subjectAltName extension. @throws CoreError `bad-der` for names that cannot be written */
export function encodeAlternativeNames(names: AlternativeNames): Uint8Array<ArrayBuffer> {
  const dns = names.dns.map((name) => encodeContext(DNS, false, encodeUtf8(checkedDnsName(name))));
  const ip = names.ip.map((address) => encodeContext(IP, false, parseIpAddress(address)));
  return encodeSequence(...dns, ...ip);
}

function dnsName({ content }: DerElement): string {
  return checkedDnsName(content.some((octet) => octet >= 0x80) ? "" : decodeUtf8(content));
}

function checkedDnsName(name: string): string {
  if (!/^[\x21-\x7e]{1,253}$/.test(name)) {
    throw new CoreError("bad-der", "DNS name is empty, too long or not printable ASCII");
  }
  return name;
}
