/** Identifier octets of the ASN.1 types that Sealserve reads and writes (ITU-T X.690 section 8.1.2). */
export const derTag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** A tag as people write it in dumps. */
export function tagText(tag: number): string {
  return `tag 0x${tag.toString(16).padStart(2, "0")}`;
}
