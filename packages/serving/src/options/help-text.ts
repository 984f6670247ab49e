import type { Flag, FlagTable } from "./flag.ts";
import { limitFlags } from "./limit-flags.ts";
import { ownFlags } from "./own-flags.ts";
import { tensorflowFlags } from "./tensorflow-flags.ts";

const COLUMN = 54;

/** Flags that belong together, with their heading. */
interface FlagGroup {
  readonly title: string;
  readonly flags: FlagTable;
}

/** All flags of the server, in the order in which people read about them. */
export const flagGroups: readonly FlagGroup[] = [
  { title: "Flags of TensorFlow Serving, written --name=value", flags: tensorflowFlags },
  { title: "Flags of Sealserve, written --name=value or --name value", flags: ownFlags },
  { title: "Limits", flags: limitFlags },
];

/** The flags for people, one a line. */
export function flagHelp(): string {
  return flagGroups
    .map(({ title, flags }) => [`${title}:`, ...Object.entries<Flag>(flags).map(flagLine)].join("\n"))
    .join("\n\n");
}

/** The value of an absent flag, as it would be written. */
export function flagFallback({ fallback }: Flag): string {
  return typeof fallback === "string" ? JSON.stringify(fallback) : String(fallback);
}

function flagLine([name, flag]: [string, Flag]): string {
  const form = `  --${name}=${flagFallback(flag)}`;
  const treatment = flag.treatment === "honoured" ? "" : `${flag.treatment}: `;
  return `${form.padEnd(COLUMN)} ${treatment}${flag.meaning}`;
}
