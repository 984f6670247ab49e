import type { FmspcGroup } from "../provider.ts";
import type { PckCa, Update } from "../store/document-key.ts";
import { invalid } from "./request-error.ts";

/** The form of a parameter or member: what it must match, and how it is read. */
export interface Form<Value> {
  readonly pattern: RegExp;
  readonly read: (text: string) => Value;
  /** For the API description. */
  readonly description: string;
}

const upper = (text: string): string => text.toUpperCase();
const lower = (text: string): string => text.toLowerCase();

const INTEL_LIST =
  /^https:\/\/([A-Za-z0-9-]*certificates\.trustedservices\.intel\.com|certprx\.adsdcsp\.com)\/IntelSGXRootCA\..*$/;
const INTEL_PCK_LIST =
  /^https:\/\/([A-Za-z0-9-]*\.?api\.trustedservices\.intel\.com|[A-Za-z0-9-]+\.az\.sgx(prod|np)\.adsdcsp\.com)\/sgx\/certification\/v[1-9][0-9]*\/pckcrl\?.*$/;
/** Lists by URI are those of Intel's hosts alone: anything else would make an open fetcher of the service. */
const CRL_URI = new RegExp(`^(?=.{1,2048}$)(?:${INTEL_LIST.source}|${INTEL_PCK_LIST.source})`);

/** Every form that requests are made of. Hex is taken in either case and read as upper case. */
export const form = {
  fmspc: hex(12, "FMSPC"),
  cpuSvn: hex(32, "CPUSVN"),
  pceSvn: hex(4, "PCESVN, little endian"),
  pceId: hex(4, "PCEID, little endian"),
  encryptedPpid: { ...hex(768, "PPID, encrypted"), read: (text: string) => text },
  /** A manifest has up to 56 KiB. */
  manifest: { pattern: /^[0-9A-Fa-f]{2,131072}$/, read: (text: string) => text, description: "manifest, hex" },
  fmspcGroup: {
    pattern: /^(?:all|client|E3|E5)$/,
    read: (text: string) => text as FmspcGroup,
    description: "all, client, E3 or E5",
  },
  qeId: { pattern: /^.{1,260}$/s, read: upper, description: "1 to 260 characters, usually 32 hex digits" },
  update: {
    pattern: /^(?:standard|early)$/i,
    read: (text: string) => lower(text) as Update,
    description: "standard or early",
  },
  updates: {
    pattern: /^(?:standard|early|all)$/i,
    read: (text: string): Update[] => (lower(text) === "all" ? ["standard", "early"] : [lower(text) as Update]),
    description: "standard, early or all",
  },
  ca: {
    pattern: /^(?:processor|platform)$/i,
    read: (text: string) => lower(text) as PckCa,
    description: "processor or platform",
  },
  crlUri: { pattern: CRL_URI, read: (text: string) => text, description: "distribution point of Intel" },
  evaluationNumber: { pattern: /^[0-9]{1,9}$/, read: Number, description: "TCB evaluation data number" },
  text: { pattern: /^.*$/s, read: (text: string) => text, description: "any text" },
  fmspcList: {
    pattern: /^\[(?:[0-9A-Fa-f]{12}(?:,[0-9A-Fa-f]{12})*)?\]$/,
    read: (text: string) => upper(text).slice(1, -1).split(",").filter(Boolean),
    description: "FMSPCs in brackets, without spaces",
  },
} as const satisfies Record<string, Form<unknown>>;

/** @throws RequestError `invalid-request` when the value is missing, has another form or a NUL, which PostgreSQL cannot store */
export function required<Value>(name: string, text: unknown, { pattern, read }: Form<Value>): Value {
  if (typeof text !== "string" || text.includes("\0") || !pattern.test(text)) {
    throw invalid(`${name} is missing or has another form`);
  }
  return read(text);
}

/** @throws RequestError `invalid-request` when the value is there and has another form */
export function optional<Value>(name: string, text: unknown, wanted: Form<Value>): Value | undefined {
  return text === undefined ? undefined : required(name, text, wanted);
}

function hex(digits: number, what: string): Form<string> {
  return { pattern: new RegExp(`^[0-9A-Fa-f]{${digits}}$`), read: upper, description: `${what}: ${digits} hex digits` };
}
