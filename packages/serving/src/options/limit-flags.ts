import { defaultLimits, type ServingLimits } from "../transport/limits.ts";
import { type Flag, type FlagTable, float, int64 } from "./flag.ts";
import { isTime, limitNames, limitOptions } from "./limit-options.ts";

/** Limits with another flag of TensorFlow Serving's, or that only an attested node has. */
const WITHOUT_FLAG: readonly (keyof ServingLimits)[] = ["restRunTimeoutMs", "quoteTimeoutMs"];

/** The flags of the limits, by flag name: `maxMessageBytes` is `--max-message-bytes`, `drainTimeoutMs` is `--drain-timeout-seconds`. */
export const limitFlags: FlagTable = Object.fromEntries(
  flaggedLimits().map((name): [string, Flag] => [limitFlagName(name), flagOf(name)]),
);

/** The limits that these flags state, in the units of {@link ServingLimits}. Values are not checked here. */
export function limitsOfFlags(given: ReadonlyMap<string, number | bigint>): Partial<ServingLimits> {
  const limits = flaggedLimits().flatMap((name): [keyof ServingLimits, number][] => {
    const value = given.get(limitFlagName(name));
    return value === undefined ? [] : [[name, isTime(name) ? Math.round(Number(value) * 1000) : Number(value)]];
  });
  return Object.fromEntries(limits);
}

/** The flag of a limit, without its dashes. */
export function limitFlagName(name: keyof ServingLimits): string {
  return name.replace(/Ms$/, "Seconds").replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function flaggedLimits(): (keyof ServingLimits)[] {
  return limitNames().filter((name) => !WITHOUT_FLAG.includes(name));
}

function flagOf(name: keyof ServingLimits): Flag {
  const { meaning } = limitOptions[name];
  const fallback = defaultLimits[name];
  return isTime(name)
    ? float(fallback / 1000, "honoured", `${meaning}, seconds`)
    : int64(BigInt(fallback), "honoured", meaning);
}
