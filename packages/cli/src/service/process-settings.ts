/**
 * Settings that a process reads only when it starts. A service that wants others than it was started with starts itself
 * again, in its own place: the same process, which a supervisor does not notice.
 */

/** Of the program that runs services: flags for V8, and variables of the environment. */
export interface ProcessSettings {
  /**
   * Mebibytes of one half of the young generation, where V8's own choice grows to 16. Services make much garbage and hold
   * little: objects die young, and more room for them costs memory and gains nothing.
   */
  readonly youngHalfMiB?: number;
  /**
   * Whether the young generation is collected by one thread. There is little in it that lives: the thread of the event loop is done with it in less
   * than a millisecond, and would wait for helpers that have no processor where others compute too.
   */
  readonly collectsYoungAlone?: boolean;
  /** Has glibc take memory for models in large pages, and give it back to the system: {@link MODEL_MEMORY_SETTINGS}. */
  readonly holdsModels?: boolean;
}

/**
 * Variables for a process that loads models. The engine copies weights some four times before it keeps them, so that loading costs
 * what the system takes to bring in fresh pages: in a virtual machine, where each may take 10 µs, the larger part of all. Large
 * pages, where the system gives them on request (`madvise` in `/sys/kernel/mm/transparent_hugepage/enabled`), make that a
 * third. glibc raises the size from which blocks are maps of their own, and go back at once, with every
 * large block that is freed, up to 32 MiB, and keeps what is smaller: a served model of 102 MB then holds 560 MB. From 4 MiB on
 * it holds some 420; from 1 MiB on 380, but most blocks then have no room for a large page. With that size set, glibc would also give back
 * all but 128 KiB of what is free at the end of a heap, and the tensors of the next request would need fresh pages: 4 MiB are kept.
 * Each thread would have heaps of its own, of 64 MiB at most, which give back and take again all the time while a model is loaded, mostly
 * by small pages: with one heap for all threads a third fewer pages are brought in. Few allocations are made at the same time.
 */
export const MODEL_MEMORY_SETTINGS: Readonly<Record<string, string>> = {
  MALLOC_MMAP_THRESHOLD_: `${4 << 20}`,
  MALLOC_TRIM_THRESHOLD_: `${4 << 20}`,
  MALLOC_ARENA_MAX: "1",
  GLIBC_TUNABLES: "glibc.malloc.hugetlb=1",
};

/** Flags of V8 by the setting that they are for, and the words by which others for the same are known. */
const V8_FLAGS = [
  {
    flag: ({ youngHalfMiB }: ProcessSettings) =>
      youngHalfMiB === undefined ? undefined : `--max-semi-space-size=${youngHalfMiB}`,
    words: /semi[-_]space/,
  },
  {
    flag: ({ collectsYoungAlone }: ProcessSettings) =>
      collectsYoungAlone === true ? "--no-parallel-scavenge" : undefined,
    words: /parallel[-_]scavenge|single[-_]threaded/,
  },
] as const;

/** Of a process that serves models. */
export const SERVER_SETTINGS = { youngHalfMiB: 4, collectsYoungAlone: true, holdsModels: true } as const;

/**
 * What V8 is told for some settings.
 *
 * @param given flags of the user, whose word on a setting counts
 */
export function v8FlagsOf(settings: ProcessSettings, given = ""): string[] {
  return V8_FLAGS.flatMap(({ flag, words }) => {
    const text = flag(settings);
    return text === undefined || words.test(given) ? [] : [text];
  });
}

/** Starts this process again unless it has the settings, or was given others for the same. Linux only; elsewhere nothing happens. */
export function applyProcessSettings(settings: ProcessSettings): void {
  const { holdsModels = false } = settings;
  const flags = v8FlagsOf(settings, [...process.execArgv, process.env["NODE_OPTIONS"] ?? ""].join(" "));
  const givesOthers = Object.keys(MODEL_MEMORY_SETTINGS).some((name) => process.env[name] !== undefined);
  const variables = holdsModels && !givesOthers ? MODEL_MEMORY_SETTINGS : {};
  const isApplied = flags.length === 0 && Object.keys(variables).length === 0;
  if (!isApplied && process.platform === "linux" && process.execve !== undefined) {
    const args = [process.execPath, ...flags, ...process.execArgv, ...process.argv.slice(1)];
    process.execve(process.execPath, args, { ...process.env, ...variables });
  }
}
