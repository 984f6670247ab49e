import type { ConfigValue } from "@sealserve/config";
import { limitNames, limitOptions } from "../options/limit-options.ts";
import { defaultLimits, type ServingLimits } from "../transport/limits.ts";

/**
 * Reads the limits that differ from the defaults, by their names and in their units: `limits: { maxMessageBytes: 1048576 }`.
 *
 * @throws ConfigError
 */
export function readLimits(value: ConfigValue | undefined): ServingLimits {
  const stated = value?.mapping((members) =>
    limitNames().flatMap((name) => {
      const limit = members.optional(name)?.integer(limitOptions[name]);
      return limit === undefined ? [] : [[name, limit] as const];
    }),
  );
  return { ...defaultLimits, ...Object.fromEntries(stated ?? []) };
}
