import { decodeBase64, encodeBase64 } from "../bytes/base64.ts";
import { CoreError } from "../errors.ts";

/** Twice as much as a bundle of all public certification authorities. */
const MAX_LENGTH = 1 << 19;
/** Twice as many as there are in a text of that length whose lines are full. */
const MAX_LINES = 16_384;
const LINE_LENGTH = 64;

/** One block of a PEM text. */
export interface PemBlock {
  /** What stands behind BEGIN, for example `CERTIFICATE`. */
  readonly label: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * The blocks of a PEM text (RFC 7468) of at most 512 KiB, in order; at least one. White space around blocks and lines and NUL bytes at the
 * ends of the text are tolerated, since attestation evidence carries them; other text outside a block is refused.
 * @param label when given, every block must have this label
 * @throws CoreError `bad-pem`
 */
export function decodePem(text: string, label?: string): PemBlock[] {
  if (text.length > MAX_LENGTH) {
    throw new CoreError("bad-pem", "PEM text is too long", {
      expected: `at most ${MAX_LENGTH}`,
      actual: `${text.length}`,
    });
  }
  const lines = splitLines(trim(text, "\0 \t\r\n"));
  const blocks: PemBlock[] = [];
  for (let index = 0; index < lines.length; index++) {
    if (lines[index] === "") {
      continue;
    }
    const end = blockEnd(lines, index);
    blocks.push(decodeBlock(lines.slice(index, end + 1), label));
    index = end;
  }
  if (blocks.length === 0) {
    throw new CoreError("bad-pem", "PEM text has no block", { expected: label });
  }
  return blocks;
}

/** A PEM block (RFC 7468) with lines of 64 characters and a line feed at the end. */
export function encodePem(label: string, der: Uint8Array): string {
  const body = encodeBase64(der);
  let lines = "";
  for (let start = 0; start < body.length; start += LINE_LENGTH) {
    lines += `${body.slice(start, start + LINE_LENGTH)}\n`;
  }
  return `-----BEGIN ${label}-----\n${lines}-----END ${label}-----\n`;
}

function splitLines(text: string): string[] {
  const lines = text.split(/\r\n|\n/, MAX_LINES + 1);
  if (lines.length > MAX_LINES) {
    throw new CoreError("bad-pem", "PEM text has too many lines", { expected: `at most ${MAX_LINES}` });
  }
  return lines.map((line) => trim(line, " \t"));
}

/** Without regular expressions, which take quadratic time for a long run that does not reach the end. */
function trim(text: string, removable: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && removable.includes(text.charAt(start))) {
    start++;
  }
  while (end > start && removable.includes(text.charAt(end - 1))) {
    end--;
  }
  return text.slice(start, end);
}

function blockEnd(lines: readonly string[], start: number): number {
  for (let end = start + 1; end < lines.length; end++) {
    if (lines[end]?.startsWith("-----") === true) {
      return end;
    }
  }
  throw new CoreError("bad-pem", "PEM block has no end line");
}

function decodeBlock(lines: readonly string[], expectedLabel: string | undefined): PemBlock {
  const label = /^-----BEGIN ([A-Z0-9]+(?: [A-Z0-9]+)*)-----$/.exec(lines[0] ?? "")?.[1];
  if (label === undefined || lines.at(-1) !== `-----END ${label}-----`) {
    throw new CoreError("bad-pem", "PEM text has no matching BEGIN and END lines");
  }
  if (expectedLabel !== undefined && label !== expectedLabel) {
    throw new CoreError("bad-pem", "PEM block has another label", { expected: expectedLabel, actual: label });
  }
  const body = lines.slice(1, -1).join("");
  if (body === "") {
    throw new CoreError("bad-pem", `PEM block ${label} is empty`);
  }
  try {
    return { label, bytes: decodeBase64(body) };
  } catch (cause) {
    throw new CoreError("bad-pem", `PEM block ${label} is not base64`, { cause });
  }
}
