import { ProtocolError } from "../errors.ts";

/** The error for a text that breaks the format. It names the line and never quotes the text, which may be a secret. */
export function textError(line: number, problem: string, expected?: string): ProtocolError {
  return new ProtocolError("bad-text-format", `line ${line}: ${problem}`, { expected });
}
