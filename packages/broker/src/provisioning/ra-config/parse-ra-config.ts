import { CoreError, decodeHex, isZero, type JsonValue, parseStrictJson } from "@sealserve/core";
import { BrokerError } from "../../errors.ts";

/** What a `ra_config.json` can hold enclaves against. */
export interface RaEntry {
  /** 64 lower-case hex digits. */
  readonly mrEnclave?: string;
  /** 64 lower-case hex digits. */
  readonly mrSigner?: string;
  readonly isvProdId?: number;
  readonly isvSvn?: number;
}

/** The rules in a `ra_config.json`, as far as its switches turn them on. */
export interface RaConfig {
  /** Fields that are compared. */
  readonly compared: readonly (keyof RaEntry)[];
  /** An enclave must equal one of them in all of {@link compared}; entries have no other fields. */
  readonly entries: readonly RaEntry[];
  /** What the owner may not have meant, or what CCZoo's broker would read differently. */
  readonly warnings: readonly string[];
}

type JsonObject = { readonly [name: string]: JsonValue };
type Warn = (message: string) => void;

/** Members of the document and of an entry, by field. */
const FIELDS = {
  mrEnclave: { switch: "verify_mr_enclave", member: "mr_enclave" },
  mrSigner: { switch: "verify_mr_signer", member: "mr_signer" },
  isvProdId: { switch: "verify_isv_prod_id", member: "isv_prod_id" },
  isvSvn: { switch: "verify_isv_svn", member: "isv_svn" },
} as const satisfies Record<keyof RaEntry, { readonly switch: string; readonly member: string }>;

const FIELD_NAMES = Object.keys(FIELDS) as (keyof RaEntry)[];
const MEMBERS = ["mrs", ...Object.values(FIELDS).map((field) => field.switch)];
const ENTRY_MEMBERS: readonly string[] = Object.values(FIELDS).map(({ member }) => member);
/** CCZoo's broker looks at no more. */
const MAX_ENTRIES = 100;
const MAX_U16 = 0xffff;
const SHOWN_LENGTH = 40;

/**
 * Reads the rules of CCZoo's broker. What that broker reads as a rule that is off, as 0 or as a part of a measurement is
 * refused here, and what it reads differently otherwise is warned about.
 * @throws BrokerError `ra-config-invalid`; the message names the member
 */
export function parseRaConfig(text: string): RaConfig {
  const document = expectObject(parseJson(text), "the document");
  expectKnown(document, MEMBERS, "");
  const warnings: string[] = [];
  const warn = (message: string): void => void warnings.push(message);
  const compared = FIELD_NAMES.filter((field) => readSwitch(document, FIELDS[field].switch, warn));
  const entries = compared.length === 0 ? [] : readEntries(document["mrs"], compared, warn);
  return { compared, entries, warnings };
}

function parseJson(text: string): JsonValue {
  try {
    return parseStrictJson(text, { maxDepth: 8 });
  } catch (cause) {
    if (!(cause instanceof CoreError)) {
      throw cause;
    }
    throw invalid(cause.message, "one JSON object");
  }
}

/** CCZoo's broker takes everything that does not begin as "on" does for off, and so accepts what it should not. */
function readSwitch(document: JsonObject, name: string, warn: Warn): boolean {
  const value = document[name];
  if (value === undefined) {
    throw invalid(`${name} is missing`, '"on" or "off"');
  }
  if (typeof value === "boolean") {
    warn(`${name} is ${value}, which CCZoo's broker takes for "off"; read here as "${value ? "on" : "off"}"`);
    return value;
  }
  if (value !== "on" && value !== "off") {
    throw invalid(`${name} is neither "on" nor "off"`, '"on" or "off"', value);
  }
  return value === "on";
}

function readEntries(list: JsonValue | undefined, compared: RaConfig["compared"], warn: Warn): RaEntry[] {
  if (!Array.isArray(list)) {
    throw invalid("mrs is not a list", "a list of measurements", list);
  }
  if (list.length === 0) {
    warn("mrs is empty: every enclave is refused");
  }
  if (list.length > MAX_ENTRIES) {
    warn(
      `mrs has ${list.length} entries: those after the first ${MAX_ENTRIES} are not looked at, as by CCZoo's broker`,
    );
  }
  return list.slice(0, MAX_ENTRIES).map((entry, index) => readEntry(entry, `mrs[${index}]`, compared, warn));
}

function readEntry(value: JsonValue, path: string, compared: RaConfig["compared"], warn: Warn): RaEntry {
  const entry = expectObject(value, path);
  expectKnown(entry, ENTRY_MEMBERS, `${path}.`);
  return Object.fromEntries(
    compared.map((field) => {
      const { member } = FIELDS[field];
      const read = field === "mrEnclave" || field === "mrSigner" ? readMeasurement : readNumber;
      return [field, read(entry[member], `${path}.${member}`, warn)];
    }),
  );
}

function readMeasurement(value: JsonValue | undefined, path: string, warn: Warn): string {
  if (typeof value !== "string" || !/^[0-9A-Fa-f]{64}$/.test(value)) {
    throw invalid(`${path} is no measurement`, "64 hex digits", value);
  }
  if (isZero(decodeHex(value))) {
    warn(`${path} is a placeholder of zeros, which no real enclave has`);
  }
  return value.toLowerCase();
}

/** CCZoo's broker reads every string as 0. */
function readNumber(value: JsonValue | undefined, path: string, warn: Warn): number {
  const digits = typeof value === "string" && /^(0|[1-9]\d{0,4})$/.test(value);
  const number = digits ? Number(value) : value;
  if (typeof number !== "number" || !Number.isSafeInteger(number) || number < 0 || number > MAX_U16) {
    throw invalid(`${path} is no number of an enclave`, `a whole number from 0 to ${MAX_U16}`, value);
  }
  if (digits && number !== 0) {
    warn(`${path} is the text "${number}", which CCZoo's broker takes for 0; read here as ${number}`);
  }
  return number;
}

function expectObject(value: JsonValue, what: string): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid(`${what} is no object`, "an object", value);
  }
  return value;
}

function expectKnown(object: JsonObject, known: readonly string[], path: string): void {
  const unknown = Object.keys(object).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw invalid(`${path}${unknown.slice(0, SHOWN_LENGTH)} is unknown`, known.join(", "));
  }
}

function invalid(fault: string, expected: string, value?: JsonValue): BrokerError {
  const actual = value === undefined ? undefined : JSON.stringify(value).slice(0, SHOWN_LENGTH);
  return new BrokerError("ra-config-invalid", fault, { expected, ...(actual === undefined ? {} : { actual }) });
}
