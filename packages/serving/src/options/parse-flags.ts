import { NodeError } from "../errors.ts";
import type { Flag, FlagTable, FlagValue, FlagValues } from "./flag.ts";
import { limitFlags } from "./limit-flags.ts";
import { nearMissFinder } from "./near-miss.ts";
import { type OwnFlagValues, ownFlags } from "./own-flags.ts";
import { readFlagValue } from "./read-flag-value.ts";
import { type TensorflowFlagValues, tensorflowFlags } from "./tensorflow-flags.ts";

/** A command line, taken apart. */
export interface ParsedFlags {
  readonly tensorflow: TensorflowFlagValues;
  readonly own: OwnFlagValues;
  /** The limits that were given, by flag name. */
  readonly limits: ReadonlyMap<string, number | bigint>;
  /** Names of the flags that were given, without dashes. */
  readonly given: ReadonlySet<string>;
  /** Arguments that are no flag. As in TensorFlow Serving they have no effect. */
  readonly unknown: readonly string[];
}

/** Our own flags alone may have their value in the next argument and must not be repeated. */
const OWN_FLAGS: FlagTable = { ...ownFlags, ...limitFlags };
const ALL_FLAGS: FlagTable = { ...tensorflowFlags, ...OWN_FLAGS };
const nearMiss = nearMissFinder([...Object.keys(OWN_FLAGS), "ssl_config_file"], Object.keys(tensorflowFlags));
const ARGUMENT = /^--(?<name>[A-Za-z][A-Za-z0-9_-]*)(?:=(?<text>.*))?$/s;

/**
 * Takes apart the arguments of the server: TensorFlow Serving's flags in its own syntax, where the last of a repeated flag
 * counts, and ours. What comes close to one of ours but is none is refused: an operator who meant it must not believe in it.
 *
 * @throws NodeError `bad-flag`
 */
export function parseFlags(args: readonly string[]): ParsedFlags {
  const values = new Map<string, FlagValue>();
  const unknown: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const argument = args[at] ?? "";
    const { name = "", text } = ARGUMENT.exec(argument)?.groups ?? {};
    const flag = Object.hasOwn(ALL_FLAGS, name) ? ALL_FLAGS[name] : undefined;
    if (flag === undefined) {
      refuseNearMiss(argument);
      unknown.push(argument);
      continue;
    }
    const own = Object.hasOwn(OWN_FLAGS, name);
    if (own && values.has(name)) {
      throw new NodeError("bad-flag", `--${name} is given twice`, { remedy: "keep one of them" });
    }
    const takesNext = own && text === undefined && flag.type !== "bool";
    values.set(name, readFlagValue(name, flag, takesNext ? args[++at] : text));
  }
  return {
    tensorflow: valuesOf(tensorflowFlags, values),
    own: valuesOf(ownFlags, values),
    limits: new Map([...values].filter(isLimit)),
    given: new Set(values.keys()),
    unknown,
  };
}

function refuseNearMiss(argument: string): void {
  const meant = nearMiss(argument);
  if (meant !== undefined) {
    throw new NodeError("bad-flag", `unknown argument that is close to --${meant}`, {
      actual: argument.split("=")[0],
      remedy: `write --${meant}, or remove it`,
    });
  }
}

function valuesOf<Table extends FlagTable>(table: Table, given: ReadonlyMap<string, FlagValue>): FlagValues<Table> {
  const entries = Object.entries<Flag>(table).map(([name, { fallback }]) => [name, given.get(name) ?? fallback]);
  return Object.fromEntries(entries) as FlagValues<Table>;
}

function isLimit(entry: [string, FlagValue]): entry is [string, number | bigint] {
  return Object.hasOwn(limitFlags, entry[0]);
}
