import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

/**
 * Keeps the process alive when the reader of its output goes away (`| head`): what it says is lost, what it does is not.
 */
export function surviveClosedOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") {
        throw error;
      }
    });
  }
}

/** Keeps a service at its work although what it says cannot be written, as when the disk of its log is full. */
export function surviveLostOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.removeAllListeners("error");
    stream.on("error", () => undefined);
  }
}

/** Writes text for people. It goes to standard error, so that standard output holds results only. */
export function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Writes a result line to standard output. */
export function printResult(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** The option of every command that ends by itself. */
export const JSON_OPTION = ["--json", "print one JSON document on standard output"] as const;

/** Writes one JSON document, on one line, to standard output. */
export function printJson(value: unknown): void {
  printResult(JSON.stringify(value, jsonValue));
}

/** Colours text when standard error is a terminal and the reader has not asked for none (NO_COLOR). */
export function paint(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stderr, validateStream: true });
}

/** Byte strings as hex, bigints as decimal digits, maps as objects: what JSON.stringify cannot do by itself. */
function jsonValue(_name: string, value: unknown): unknown {
  if (typeof value === "bigint") {
    return value.toString();
  }
  if (value instanceof Uint8Array) {
    return Buffer.from(value).toString("hex");
  }
  return value instanceof Map ? Object.fromEntries(value) : value;
}
