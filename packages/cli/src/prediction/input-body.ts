import { readNamedText } from "../named-file.ts";

/** The body of a predict call as a command line gives it: itself, or `@FILE` for the content of a file. @throws what reading that throws */
export async function readInputBody(input: string): Promise<string> {
  return input.startsWith("@") ? await readNamedText(input.slice(1)) : input;
}
