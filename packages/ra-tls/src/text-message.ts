import { CoreError, type JsonValue, parseStrictJson } from "@sealserve/core";
import { RaTlsError } from "./errors.ts";

/**
 * Reads a JSON object that consists of exactly the named members, all of them texts.
 * @param what names the message in errors
 * @throws RaTlsError `bad-message`
 */
export function parseTextMessage<Name extends string>(
  text: string,
  names: readonly Name[],
  { what, maxLength }: { readonly what: string; readonly maxLength: number },
): Record<Name, string> {
  const members = asTextMembers(parseJson(text, what, maxLength));
  const complete = names.every((name) => members?.has(name));
  if (members === undefined || !complete || members.size !== names.length) {
    throw new RaTlsError("bad-message", `${what} has not the right members`, {
      expected: `a JSON object of the texts ${names.join(", ") || "(none)"}`,
    });
  }
  return Object.fromEntries(members) as Record<Name, string>;
}

/** Runs a decoder of one member; a malformed member makes the whole message malformed. */
export function decodeMember<T>(what: string, member: string, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    if (cause instanceof CoreError) {
      throw new RaTlsError("bad-message", `${what}: ${member}: ${cause.message}`, { cause });
    }
    throw cause;
  }
}

function parseJson(text: string, what: string, maxLength: number): JsonValue {
  return decodeMember(what, "text", () => parseStrictJson(text, { maxLength, maxDepth: 2 }));
}

function asTextMembers(value: JsonValue): Map<string, string> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return undefined;
  }
  const members = new Map<string, string>();
  for (const [name, member] of Object.entries(value)) {
    if (typeof member !== "string") {
      return undefined;
    }
    members.set(name, member);
  }
  return members;
}
