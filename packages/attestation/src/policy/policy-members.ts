import { encodeHex, isZero } from "@sealserve/core";
import type { JsonNode } from "../json/json-node.ts";

/** Limit on the values of one list in a policy. */
export const POLICY_LIST_MAX = 1000;

const WAIVER_MAX = 500;

/** Why the owner leaves a register open. It stands in every explanation, so that nobody takes it for an oversight. */
export interface Waiver {
  readonly waived: string;
}

/** A register that must have a value (lower-case hex), or is left open for a reason. */
export type Register = string | Waiver;

/** The members that are there, each by its reader; others are refused. */
export function readMembers<Members extends object>(
  node: JsonNode,
  readers: { readonly [Name in keyof Members]-?: (member: JsonNode) => Members[Name] },
): Partial<Members> {
  const names = Object.keys(readers) as (keyof Members & string)[];
  node.expectOnly(names);
  const members: Partial<Members> = {};
  for (const name of names) {
    const member = node.optional(name);
    if (member !== undefined) {
      members[name] = readers[name](member);
    }
  }
  return members;
}

/** One or more byte strings of `length`, as lower-case hex. */
export function readHexList(list: JsonNode, length: number): string[] {
  return list.elements(1, POLICY_LIST_MAX).map((element) => encodeHex(element.hex(length)));
}

/** {@link readHexList} for digests: one of zero bytes is a placeholder that somebody forgot. */
export function readMeasurements(list: JsonNode, length: number): string[] {
  return list.elements(1, POLICY_LIST_MAX).map((element) => readMeasurement(element, length));
}

/** A digest of `length` bytes as lower-case hex; zero bytes are refused. */
export function readMeasurement(node: JsonNode, length: number): string {
  const measurement = node.hex(length);
  if (isZero(measurement)) {
    throw node.refusal(`${node.path} is a placeholder`, "a measurement", "zero bytes");
  }
  return encodeHex(measurement);
}

/** A value of `length` bytes, or `{ waived: reason }`. */
export function readRegister(node: JsonNode, length: number): Register {
  if (typeof node.value === "string") {
    return encodeHex(node.hex(length));
  }
  node.expectOnly(["waived"]);
  const reason = node.member("waived").string(/\S/, "the reason in words");
  if (reason.length > WAIVER_MAX) {
    throw node.refusal(`${node.path}.waived is too long`, `at most ${WAIVER_MAX} characters`, `${reason.length}`);
  }
  return { waived: reason };
}

/** {@link readRegister} for a register that cannot be zero when all went right. */
export function readMeasuredRegister(node: JsonNode, length: number): Register {
  return typeof node.value === "string" ? readMeasurement(node, length) : readRegister(node, length);
}

/** Numbers of bits from `first` to 63. */
export function readBits(list: JsonNode, first: number): number[] {
  return list.elements(1, 64).map((element) => {
    const bit = element.integer(63);
    if (bit < first) {
      throw element.refusal(`${element.path} names a bit that no policy can allow`, `${first} to 63`, `${bit}`);
    }
    return bit;
  });
}
