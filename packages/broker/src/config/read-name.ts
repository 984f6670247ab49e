import type { ConfigValue } from "@sealserve/config";
import { isModelName } from "@sealserve/encrypted-files";

/** Names that are in use: in the log, one stands for one model or secret. */
export type TakenNames = Set<string>;

/** The name of a model or secret, which is taken from now on. @throws ConfigError */
export function readName(value: ConfigValue, taken: TakenNames): string {
  const name = value.string();
  if (!isModelName(name)) {
    throw value.problem("is not a name", "write letters, digits, dots, dashes and underscores, at most 128");
  }
  if (taken.has(name)) {
    throw value.problem("another model or secret has this name", "use each name once");
  }
  taken.add(name);
  return name;
}
