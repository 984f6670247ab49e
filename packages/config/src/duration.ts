/** Seconds of each unit. */
const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** Reads a whole number with its unit, such as `90s`, `15m`, `12h` or `7d`: seconds. Undefined when the text is none. */
export function parseDuration(text: string): number | undefined {
  const match = /^(?<count>\d{1,9})(?<unit>[smhd])$/.exec(text);
  if (match === null) {
    return undefined;
  }
  return Number(match.groups?.["count"]) * UNITS[match.groups?.["unit"] as keyof typeof UNITS];
}
