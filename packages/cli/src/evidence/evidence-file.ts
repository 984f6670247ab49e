import { decodeBase64, decodeHex } from "@sealserve/core";
import { CliError } from "../errors.ts";

/** Far above any quote (16 KiB) or report, also as text. */
const MAX_BYTES = 1 << 20;

/**
 * Evidence from a file's bytes: binary as it stands, or hex or base64 text.
 * @throws CliError `usage` when the file is empty, too long, or other text
 */
export function decodeEvidenceFile(content: Uint8Array, file: string): Uint8Array {
  if (content.length === 0 || content.length > MAX_BYTES) {
    throw new CliError("usage", `${file} cannot be evidence`, {
      expected: `1 to ${MAX_BYTES} bytes`,
      actual: `${content.length} bytes`,
    });
  }
  if (!isText(content)) {
    return content;
  }
  const text = Buffer.from(content).toString("latin1").replaceAll(/\s/g, "");
  return /^(0x)?([0-9a-fA-F]{2})+$/.test(text) ? decodeHex(text.replace(/^0x/, "")) : decodeBase64Text(text, file);
}

function decodeBase64Text(text: string, file: string): Uint8Array {
  try {
    return decodeBase64(text);
  } catch (cause) {
    const expected = "a quote or report as binary, hex or standard base64 with padding";
    throw new CliError("usage", `${file} cannot be evidence`, { expected, actual: "other text", cause });
  }
}

/** Whether bytes are plain text, which no quote and no report is. */
export function isText(content: Uint8Array): boolean {
  return content.every(isTextByte);
}

/** A quote begins with a small little-endian version and so never consists of printable ASCII alone. */
function isTextByte(byte: number): boolean {
  return (byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
