import { parseStrictJson } from "@sealserve/core";
import { CollateralError } from "./errors.ts";

/** The entry for the root CA CRL that last took back an authority. */
export const LAST_REVOCATION = "revocation of an authority";

/** Keeps how far each document of collateral has come beyond the life of a process. */
export interface RollbackMemory {
  /** What was kept: numbers and times in milliseconds by the names of the documents. */
  readonly marks: ReadonlyMap<string, bigint>;
  /** Resolves when the marks are kept. When it rejects, the collateral that moved them is not used. */
  save(marks: ReadonlyMap<string, bigint>): Promise<void>;
}

/** For a verifier that starts anew each time: whoever can make it start again can go back once. */
export const noMemory: RollbackMemory = { marks: new Map(), save: async () => undefined };

const FORMAT = 1;
/** A CRL number has up to 20 octets (RFC 5280 section 5.2.3): 49 digits. */
const MARK = /^-?[0-9]{1,49}$/;

/** The text form of marks, to be kept in a file. */
export function encodeMarks(marks: ReadonlyMap<string, bigint>): string {
  const entries = [...marks].map(([document, value]) => [document, `${value}`] as const);
  return `${JSON.stringify({ format: FORMAT, marks: Object.fromEntries(entries) }, undefined, 2)}\n`;
}

/** Marks from their text form. @throws CollateralError `memory-damaged` */
export function parseMarks(text: string): Map<string, bigint> {
  const { format, marks } = readObject(parseText(text));
  if (format !== FORMAT) {
    throw damaged("it is of another format");
  }
  return new Map(Object.entries(readObject(marks)).map(([document, value]) => [document, readMark(value)]));
}

function parseText(text: string): unknown {
  try {
    return parseStrictJson(text);
  } catch (cause) {
    throw damaged("it is not JSON", cause);
  }
}

function readObject(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw damaged("it has something else where an object belongs");
  }
  return value as Readonly<Record<string, unknown>>;
}

function readMark(value: unknown): bigint {
  if (typeof value !== "string" || !MARK.test(value)) {
    throw damaged("it has a mark that is no number");
  }
  return BigInt(value);
}

function damaged(fault: string, cause?: unknown): CollateralError {
  return new CollateralError("memory-damaged", `the memory of collateral cannot be read: ${fault}`, { cause });
}
