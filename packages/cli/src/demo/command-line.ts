/** The arguments of a command: its words, then each option with its value. */
export function commandLine(words: readonly string[], options: Readonly<Record<string, string>>): string[] {
  return [...words, ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])];
}
