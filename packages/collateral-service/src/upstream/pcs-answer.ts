import { CoreError, decodePem, decodeUtf8, type JsonValue, parseStrictJson } from "@sealserve/core";
import { type ListedFmspc, ProviderError } from "../provider.ts";
import type { UpstreamAnswer } from "./exchange.ts";

/** Chains of three certificates have some 6 KiB when encoded. */
const MAX_CHAIN_LENGTH = 16 * 1024;
/** Lists have some twenty certificates of 3 KiB each; no platform has more than some hundred TCBs. */
const MAX_JSON_LENGTH = 1024 * 1024;

const DER_SEQUENCE = 0x30;

/** What Intel sends for a TCB that it has no certificate for. */
const NOT_AVAILABLE = "Not available";

/** One entry of a list of PCK certificates. */
export interface ListedCertificate {
  /** 36 upper-case hex digits. */
  readonly tcbm: string;
  /** PEM; undefined where Intel has none for this TCB. */
  readonly pem: string | undefined;
}

/** Refuses an answer of another media type: captive portals and proxies like to answer for others. @throws ProviderError `garbage` */
export function expectType({ headers }: UpstreamAnswer, accepted: readonly string[], place: string): void {
  const type = (headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (!accepted.includes(type) || (headers["content-encoding"] ?? "identity") !== "identity") {
    throw badAnswer(place, `it is ${type === "" ? "of no type" : type.slice(0, 64)}, not ${accepted.join(" or ")}`);
  }
}

/** The issuer chain that travels percent-encoded in a header, as PEM. @throws ProviderError `garbage` */
export function chainIn({ headers }: UpstreamAnswer, names: readonly string[], place: string): string {
  const encoded = names.map((name) => headers[name.toLowerCase()]).find((value) => value !== undefined);
  if (typeof encoded !== "string" || encoded.length > MAX_CHAIN_LENGTH) {
    throw badAnswer(place, `it has no usable header ${names.join(" or ")}`);
  }
  return readAs(place, () => {
    const chain = decodePercent(encoded);
    decodePem(chain, "CERTIFICATE");
    return chain;
  });
}

/** A list of PCK certificates, with those that Intel does not have. @throws ProviderError `garbage` */
export function certificatesIn({ body }: UpstreamAnswer, place: string): ListedCertificate[] {
  const list = readAs(place, () => parseStrictJson(decodeUtf8(body), { maxLength: MAX_JSON_LENGTH }));
  if (!Array.isArray(list)) {
    throw badAnswer(place, "it is no list");
  }
  return list.map((entry) => readListed(entry, place));
}

/** FMSPCs with the kind of their platforms; other members are left out. @throws ProviderError `garbage` */
export function fmspcsIn({ body }: UpstreamAnswer, place: string): ListedFmspc[] {
  const list = readAs(place, () => parseStrictJson(decodeUtf8(body), { maxLength: MAX_JSON_LENGTH }));
  if (!Array.isArray(list)) {
    throw badAnswer(place, "it is no list");
  }
  return list.map((entry) => {
    const { fmspc, platform } = typeof entry === "object" && entry !== null && !Array.isArray(entry) ? entry : {};
    const isListed =
      typeof fmspc === "string" &&
      /^[0-9A-Fa-f]{12}$/.test(fmspc) &&
      typeof platform === "string" &&
      /^[A-Za-z0-9]{1,16}$/.test(platform);
    if (!isListed) {
      throw badAnswer(place, "it has an entry that is no FMSPC with its platform");
    }
    return { fmspc: fmspc.toUpperCase(), platform };
  });
}

/** A revocation list in DER, from DER or PEM. @throws ProviderError `garbage` */
export function revocationListIn(body: Uint8Array, place: string): Uint8Array {
  if (body[0] === DER_SEQUENCE) {
    return body;
  }
  const [block, ...others] = readAs(place, () => decodePem(decodeUtf8(body), "X509 CRL"));
  if (block === undefined || others.length > 0) {
    throw badAnswer(place, "it is not exactly one revocation list");
  }
  return block.bytes;
}

function readListed(entry: JsonValue, place: string): ListedCertificate {
  const { tcbm, cert } = typeof entry === "object" && entry !== null && !Array.isArray(entry) ? entry : {};
  if (typeof tcbm !== "string" || !/^[0-9A-Fa-f]{36}$/.test(tcbm) || typeof cert !== "string") {
    throw badAnswer(place, "it has an entry that is no certificate");
  }
  const pem = cert === NOT_AVAILABLE ? undefined : readAs(place, () => decodePercent(cert));
  return { tcbm: tcbm.toUpperCase(), pem };
}

/** Text that was percent-encoded. @throws ProviderError `garbage`, within {@link readAs} */
function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new CoreError("bad-pem", "text is not percent-encoded", { cause });
  }
}

function readAs<Value>(place: string, read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof CoreError) {
      throw badAnswer(place, cause.message, cause);
    }
    throw cause;
  }
}

/** The refusal of an answer that is not what its operation gives. */
export function badAnswer(place: string, fault: string, cause?: unknown): ProviderError {
  return new ProviderError("garbage", `the answer of ${place} cannot be used: ${fault}`, { cause });
}
