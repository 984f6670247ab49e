/** A name has so many letters at most: nothing longer is looked at. */
const MAX_LENGTH = 64;
/** A slip of this many letters is taken for a flag of at least this length. */
const SLIPS = 2;
const LONG_NAME = 7;

/**
 * Makes a function that finds the flag an unknown argument was probably meant to be.
 *
 * @param guarded flags that are found by their look: two slips in a long name, one in a short one
 * @param others flags that are found only when nothing but hyphens, underscores and case differ
 */
export function nearMissFinder(
  guarded: readonly string[],
  others: readonly string[],
): (argument: string) => string | undefined {
  const guardedByPlain = guarded.map((flag) => [plain(flag), flag] as const);
  const othersByPlain = new Map(others.map((flag) => [plain(flag), flag]));
  return (argument) => {
    if (!argument.startsWith("-")) {
      return undefined;
    }
    const name = plain(argument.replace(/^-+/, "").split("=", 1)[0] ?? "");
    if (name.length > MAX_LENGTH) {
      return undefined;
    }
    const near = guardedByPlain.find(([flag]) => isNear(name, flag));
    return near?.[1] ?? othersByPlain.get(name);
  };
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[_-]/g, "");
}

function isNear(name: string, flag: string): boolean {
  const slips = flag.length < LONG_NAME ? 1 : SLIPS;
  return Math.abs(name.length - flag.length) <= slips && distance(name, flag) <= slips;
}

/** Letters to add, remove or exchange to make one text of the other (Levenshtein). */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 0; i < a.length; i++) {
    const current = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const exchanged = (previous[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      current.push(Math.min(exchanged, (previous[j + 1] ?? 0) + 1, (current[j] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
