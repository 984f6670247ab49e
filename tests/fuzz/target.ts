// One row of what is fuzzed: how inputs for a reader are made.
import { type Bomb, byteBombs, textBombs } from "./bombs.ts";
import { mutateBytes } from "./byte-mutations.ts";
import type { Random } from "./random.ts";
import { mutateText, textSeed } from "./text-mutations.ts";

/** One input for a reader, ready to be read. */
export interface Attempt {
  readonly what: string;
  readonly input: Uint8Array | string;
  /** Returns, or throws a SealserveError. */
  readonly run: () => unknown;
}

/** A reader, and how inputs for it are made. */
export interface Target {
  readonly name: string;
  /** A genuine input, usually with changes. */
  readonly attempt: (random: Random) => Attempt;
  readonly bombs: () => Promise<readonly Attempt[]>;
}

interface Reader<Input> {
  readonly name: string;
  readonly read: (input: Input) => unknown;
  /** Genuine inputs. */
  readonly seeds: readonly Input[];
  /** Of what is read. */
  readonly maxLength: number;
  /** Expensive inputs of this format, beside those that suit any. */
  readonly bombs?: () => readonly Bomb<Input>[] | Promise<readonly Bomb<Input>[]>;
}

/** A reader of bytes. */
export function ofBytes(reader: Reader<Uint8Array>): Target {
  const { seeds } = reader;
  return target(reader, byteBombs, (random) => {
    const seed = seeds[random.below(seeds.length)] ?? new Uint8Array();
    return random.oneIn(50) ? seed : mutateBytes(seed, random, seeds);
  });
}

/** A reader of text. */
export function ofText(reader: Reader<string>): Target {
  const seeds = reader.seeds.map(textSeed);
  return target(reader, textBombs, (random) => {
    const seed = seeds[random.below(seeds.length)] ?? textSeed("");
    return random.oneIn(50) ? seed.text : mutateText(seed, random);
  });
}

function target<Input extends Uint8Array | string>(
  { name, read, bombs, maxLength }: Reader<Input>,
  usualBombs: (maxLength: number) => readonly Bomb<Input>[],
  make: (random: Random) => Input,
): Target {
  const attemptOf = (what: string, input: Input): Attempt => ({ what, input, run: () => read(input) });
  return {
    name,
    attempt: (random) => attemptOf("input", make(random)),
    bombs: async () =>
      [...usualBombs(maxLength), ...((await bombs?.()) ?? [])].map(({ what, input }) => attemptOf(what, input)),
  };
}
