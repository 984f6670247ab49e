/** Longer arguments than this are compared by their beginning, so that comparing stays cheap. */
const COMPARED_LENGTH = 64;
/** A slip of this many letters is taken for a flag of at least this length. */
const SLIPS = 2;
const LONG_NAME = 7;

/**
 * The flag that an unknown argument was probably meant to be.
 *
 * @param guarded flags that are found by their look: two slips in a long name, one in a short one
 * @param others flags that are found only when nothing but hyphens, underscores and case differ
 */
export function nearMiss(argument: string, guarded: readonly string[], others: readonly string[]): string | undefined {
  if (!argument.startsWith("-")) {
    return undefined;
  }
  const name = plain(argument.replace(/^-+/, "").split("=")[0] ?? "");
  const near = (flag: string): boolean => distance(name, plain(flag)) <= (flag.length < LONG_NAME ? 1 : SLIPS);
  return guarded.find(near) ?? others.find((flag) => plain(flag) === name);
}

function plain(name: string): string {
  return name.slice(0, COMPARED_LENGTH).toLowerCase().replaceAll(/[_-]/g, "");
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
