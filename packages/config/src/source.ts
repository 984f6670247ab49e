/** The file a value was read from, for messages. */
export interface ConfigSource {
  readonly file: string;
  /** Line number (from 1) of a character offset. */
  lineOf(offset: number): number;
}

/** One step of the way to a value: a member's name or an index of a list. */
export type PathStep = string | number;

/** The way to a value as people write it: `models[0].policy`. */
export function formatPath(path: readonly PathStep[]): string {
  const text = path.map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`)).join("");
  return text.startsWith(".") ? text.slice(1) : text;
}
