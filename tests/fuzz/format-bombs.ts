// Inputs of one format that are made to be expensive: everything in them is well-formed, and there is too much of it.
import {
  concatBytes,
  encodeContext,
  encodeElement,
  encodeInteger,
  encodeNamedBits,
  encodeNull,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  encodeSet,
  encodeUtcOrGeneralizedTime,
  encodeUtf8,
  encodeUtf8String,
} from "@sealserve/core";
import { craftedLog, measured, SHA256_ID, SHA384_ID, u16, u32 } from "../../packages/attestation/test/crafted-log.ts";
import type { Json } from "../../packages/attestation/test/json-edits.ts";
import { craftedCertificate, craftedList } from "../../packages/core/test/crafted.ts";
import { type Bomb, fill } from "./bombs.ts";

type JsonObject = { [name: string]: Json };

const time = encodeUtcOrGeneralizedTime(new Date("2026-01-01T00:00:00Z"));
const commonName = encodeOid("2.5.4.3");
const organisation = encodeOid("2.5.4.10");

/** Units, which may be told apart by their number, no longer than `length` in all. */
function many(length: number, unit: (index: number) => Uint8Array): Uint8Array {
  const joined = new Uint8Array(length);
  let size = 0;
  for (let index = 0, made = unit(0); size + made.length <= length; index++, made = unit(index)) {
    joined.set(made, size);
    size += made.length;
  }
  return joined.subarray(0, size);
}

function longName(length: number): Uint8Array {
  return encodeSequence(
    many(length, () => encodeSet(encodeSequence(organisation, encodeUtf8String("")))),
    encodeSet(encodeSequence(commonName, encodeUtf8String("x"))),
  );
}

/** One relative name with all attributes in it. */
function wideName(length: number): Uint8Array {
  return encodeSequence(encodeSet(many(length, () => encodeSequence(organisation, encodeNull()))));
}

function extension(oid: Uint8Array, value: Uint8Array): Uint8Array {
  return encodeSequence(oid, encodeOctetString(value));
}

/** Extensions with identifiers of their own. */
function extensions(length: number): Uint8Array {
  return encodeSequence(many(length, (index) => extension(encodeOid(`1.2.${index}`), new Uint8Array(0))));
}

/** Where the extensions of a certificate (3) or of a list (0) stand. */
function tagged(number: 0 | 3, ...content: readonly Uint8Array[]): Uint8Array {
  return encodeContext(number, true, encodeSequence(...content));
}

/** @param room bytes that a certificate may have, but for its frame */
export function certificateBombs(room: number): Bomb<Uint8Array>[] {
  const usage = encodeElement(0x03, new Uint8Array(room).fill(0xff, 1));
  const purposes = encodeSequence(many(room, () => encodeOid("1.2.3")));
  const hosts = encodeSequence(many(room, () => encodeElement(0x82, encodeUtf8("a"))));
  const addresses = encodeSequence(many(room, () => encodeElement(0x87, new Uint8Array(16))));
  const longOid = encodeElement(0x06, new Uint8Array(64).fill(0xff).fill(0x01, 63));
  const withExtension = (oid: string, value: Uint8Array): Uint8Array =>
    craftedCertificate({ extensions: tagged(3, extension(encodeOid(oid), value)) });
  return [
    { what: "a long name", input: craftedCertificate({ subject: longName(room) }) },
    { what: "a wide name", input: craftedCertificate({ issuer: wideName(room) }) },
    { what: "many extensions", input: craftedCertificate({ extensions: encodeContext(3, true, extensions(room)) }) },
    { what: "many key usages", input: withExtension("2.5.29.15", usage) },
    { what: "many purposes", input: withExtension("2.5.29.37", purposes) },
    { what: "many long purposes", input: withExtension("2.5.29.37", encodeSequence(many(room, () => longOid))) },
    { what: "many host names", input: withExtension("2.5.29.17", hosts) },
    { what: "many addresses", input: withExtension("2.5.29.17", addresses) },
    { what: "a long serial number", input: craftedCertificate({ serialNumber: longInteger(room) }) },
    { what: "a long path length", input: withExtension("2.5.29.19", encodeSequence(longInteger(room))) },
    { what: "a long version", input: craftedCertificate({ version: encodeContext(0, true, longInteger(room)) }) },
  ];
}

function longInteger(length: number): Uint8Array {
  return encodeElement(0x02, new Uint8Array(length).fill(0x7f));
}

/** Entries of a list that have serial numbers of their own: its last three bytes, behind two headers and one byte. */
function numbered(entry: Uint8Array): (index: number) => Uint8Array {
  return (index) => {
    const copy = Uint8Array.from(entry);
    copy.set([index >> 16, (index >> 8) & 0xff, index & 0xff], 5);
    return copy;
  };
}

/** @param room bytes that a list may have, but for its frame */
export function revocationListBombs(room: number): Bomb<Uint8Array>[] {
  const reason = encodeSequence(extension(encodeOid("2.5.29.21"), encodeElement(0x0a, Uint8Array.of(1))));
  const entries = (unit: (index: number) => Uint8Array): Uint8Array =>
    craftedList({ entries: encodeSequence(many(room, unit)) });
  const serial = encodeInteger(2n ** 150n);
  const someExtensions = extensions(60);
  const crlNumber = extension(encodeOid("2.5.29.20"), longInteger(room));
  return [
    { what: "small entries", input: entries(numbered(encodeSequence(encodeInteger(2 ** 30), time))) },
    { what: "entries", input: entries(numbered(encodeSequence(serial, time))) },
    { what: "entries with reasons", input: entries(numbered(encodeSequence(serial, time, reason))) },
    { what: "entries with extensions", input: entries(numbered(encodeSequence(serial, time, someExtensions))) },
    {
      what: "one entry with extensions",
      input: entries(() => encodeSequence(serial, time, extensions(room - 100))),
    },
    { what: "a long number", input: craftedList({ extensions: tagged(0, crlNumber) }) },
    { what: "many extensions", input: craftedList({ extensions: encodeContext(0, true, extensions(room)) }) },
    { what: "a long name", input: craftedList({ issuer: longName(room) }) },
    { what: "a wide name", input: craftedList({ issuer: wideName(room) }) },
    { what: "a long entry", input: entries(() => encodeSequence(longInteger(room / 2), time)) },
  ];
}

/** Values of the SGX extension of a PCK certificate. */
export function sgxExtensionBombs(room: number): Bomb<Uint8Array>[] {
  const arc = "1.2.840.113741.1.13.1";
  const pair = (oid: string, value: Uint8Array): Uint8Array => encodeSequence(encodeOid(oid), value);
  return [
    { what: "many pairs", input: encodeSequence(many(room, (index) => pair(`1.2.${index}`, encodeNull()))) },
    {
      what: "a long table of components",
      input: encodeSequence(
        pair(`${arc}.2`, encodeSequence(many(room, (index) => pair(`${arc}.2.${index}`, encodeInteger(1))))),
      ),
    },
    {
      what: "a long component",
      input: encodeSequence(pair(`${arc}.2`, encodeSequence(pair(`${arc}.2.1`, longInteger(room))))),
    },
    { what: "named bits", input: encodeSequence(pair(`${arc}.7`, encodeNamedBits([0]))) },
  ];
}

/** Certification data of type 6, the one that holds others, in itself to the end of `length`. */
export function nestedCertification(length: number): Uint8Array {
  const count = Math.floor(length / 6);
  return concatBytes(...Array.from({ length: count }, (_, index) => concatBytes(u16(6), u32(6 * (count - index - 1)))));
}

/** A document with one of its lists, the last of `path`, filled with copies of its first element. */
function withLong(text: string, path: readonly string[], count: number): string {
  const document = JSON.parse(text) as JsonObject;
  let holder = document;
  for (const name of path.slice(0, -1)) {
    const next = holder[name];
    holder = (Array.isArray(next) ? next[0] : next) as JsonObject;
  }
  const name = path.at(-1) ?? "";
  const [first = "x"] = (holder[name] ?? []) as Json[];
  holder[name] = Array.from({ length: count }, () => first);
  return JSON.stringify(document);
}

/** Documents with lists of every length up to the greatest, and with names that nobody reads. */
export function documentBombs(text: string, lists: readonly (readonly string[])[], maxLength: number): Bomb<string>[] {
  const unknown = `${text.slice(0, -1)},"unknown":`;
  return [
    ...lists.flatMap((path) =>
      [64, 256, 257].map((count) => ({
        what: `${count} of ${path.join(".")}`,
        input: withLong(text, path, count),
      })),
    ),
    { what: "a long unknown list", input: `${unknown}[${fill("{},", maxLength - text.length - 30)}0]}` },
    { what: "a long unknown text", input: `${unknown}"${fill("\\n", maxLength - text.length - 30)}"}` },
    { what: "a document of spaces", input: text + " ".repeat(maxLength - text.length) },
  ];
}

/** Collateral files whose members are as long as they can be. */
export function collateralFileBombs(text: string, maxLength: number): Bomb<string>[] {
  const document = JSON.parse(text) as JsonObject;
  const room = maxLength - text.length - 100;
  const withMember = (name: string, value: string): string => JSON.stringify({ ...document, [name]: value });
  return [
    { what: "a list in hex", input: withMember("pck_crl", "30".repeat(room / 2)) },
    { what: "a list of odd length", input: withMember("root_ca_crl", "3".repeat(room - 1)) },
    { what: "a list that ends in no hex", input: withMember("pck_crl", `${"30".repeat(room / 2 - 1)}xx`) },
    { what: "a long document", input: withMember("tcb_info", '"'.repeat(room / 2)) },
    { what: "a long chain", input: withMember("tcb_info_issuer_chain", "\n".repeat(room / 2)) },
  ];
}

/** Policies as long as they can be. */
export function policyBombs(): Bomb<string>[] {
  const registers = ["mrTd", "rtMr0", "rtMr1", "rtMr2", "rtMr3", "mrConfigId", "mrOwner", "mrOwnerConfig"];
  const image = Object.fromEntries(registers.map((name) => [name, "d0".repeat(48)]));
  const list = (length: number, value: Json): Json[] => Array.from({ length }, () => value);
  const ids = { ppid: list(1000, "ab".repeat(16)), chipId: list(1000, "ab".repeat(64)) };
  const policies: readonly Json[] = [
    {
      tdx: { images: list(1000, image), mrSeam: list(1000, "5a".repeat(48)), mrServiceTd: list(1000, "5b".repeat(48)) },
    },
    { tdx: { images: list(7000, image) } },
    {
      sgx: { mrEnclave: list(1000, "a1".repeat(32)), configId: list(1000, "a2".repeat(64)) },
      machines: ids,
      deniedMachines: ids,
    },
    { sgx: { mrEnclave: list(1000, "a1".repeat(32)) }, tcb: { toleratedAdvisoryIds: list(1000, "a".repeat(64)) } },
    { tdx: { images: [{ ...image, rtMr2: { waived: " ".repeat(900_000) } }] } },
    { snp: { images: list(1000, { measurement: "a1".repeat(48), hostData: "b2".repeat(32) }) } },
    Object.fromEntries(Array.from({ length: 60_000 }, (_, index) => [`member${index}`, 0])),
  ];
  return policies.map((policy, index) => ({ what: `long policy ${index}`, input: JSON.stringify(policy) }));
}

/** Logs as long as they can be. */
export async function eventLogBombs(maxLength: number): Promise<Bomb<Uint8Array>[]> {
  const event = await measured(1, 4, new Uint8Array(4));
  const digests = [{ id: SHA256_ID, digest: new Uint8Array(32) }, ...event.digests];
  const header = { algorithms: [[SHA256_ID, 32] as const, [SHA384_ID, 48] as const] };
  const long = { ...event, data: new Uint8Array(maxLength - 300) };
  const events = (count: number) => Array.from({ length: count }, () => ({ ...event, digests }));
  return [
    { what: "1024 events", input: craftedLog(events(1024), { header }) },
    { what: "8000 events", input: craftedLog(events(8000), { header }) },
    { what: "a long event", input: craftedLog([long]) },
    { what: "long filler", input: craftedLog([event], { end: new Uint8Array(maxLength - 300).fill(0xff) }) },
    { what: "many algorithms", input: craftedLog([event], { header: { algorithmCount: 0xffff_ffff } }) },
  ];
}

/** Lists of equal elements, made from the first of a document. */
export function listBombs(text: string, counts: readonly number[]): Bomb<string>[] {
  const [first = null] = JSON.parse(text) as Json[];
  return counts.map((count) => ({
    what: `${count} elements`,
    input: JSON.stringify(Array.from({ length: count }, () => first)),
  }));
}

/** Texts of many and of long fields. */
export function textFormatBombs(maxLength: number): Bomb<string>[] {
  return [
    { what: "many elements", input: fill("allowed_batch_sizes:1 ", maxLength) },
    { what: "a long list", input: `allowed_batch_sizes:[${fill("1,", maxLength - 30)}1]` },
    { what: "a long number", input: `allowed_batch_sizes:${fill("9", maxLength - 30)}` },
    { what: "a long string", input: `thread_pool_name{value:'${fill("\\n", maxLength - 30)}'}` },
    { what: "many strings", input: `thread_pool_name{value:${fill("'a'", maxLength - 30)}}` },
  ];
}
