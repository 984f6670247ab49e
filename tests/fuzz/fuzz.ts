// Feeds a reader with inputs that were made to break it, and judges what becomes of them.
import { SealserveError } from "@sealserve/core";
import { collectGarbage, processorMs, timeLimitMs, usedBytes } from "./measure.ts";
import { randomAt } from "./random.ts";
import type { Attempt, Target } from "./target.ts";

/** What takes no longer, in milliseconds, needs no second look. */
const QUICK_MS = 50;

/** No input may take more memory. */
export const MEMORY_LIMIT = 64 * 1024 * 1024;

const GARBAGE_LIMIT = 16 * 1024 * 1024;
const RETRIES = 3;
const BATCH = 250;

/** How much is tried. */
export interface Effort {
  readonly seed: number;
  /** Number of the first input. */
  readonly first?: number;
  readonly inputs: number;
  /** Ends the run before all inputs are made. */
  readonly milliseconds: number;
}

/** A rule that an input broke. */
export interface Finding {
  readonly what: string;
  readonly fault: string;
  readonly input: Uint8Array | string;
}

export interface Report {
  readonly target: string;
  readonly inputs: number;
  /** How many of them were read without a refusal. */
  readonly read: number;
  readonly slowestMs: number;
  readonly findings: readonly Finding[];
}

/** Reads the inputs that are made to be expensive, one by one. */
export async function defuse(target: Target): Promise<Report> {
  const run = new Run(target.name);
  for (const attempt of await target.bombs()) {
    run.judgeAlone(attempt);
  }
  return run.report();
}

/** Reads random inputs, the same for the same seed. */
export function fuzz(target: Target, { seed, first = 0, inputs, milliseconds }: Effort): Report {
  const run = new Run(target.name);
  const end = performance.now() + milliseconds;
  const attemptAt = (index: number): Attempt => ({ ...target.attempt(randomAt(seed, index)), what: `input ${index}` });
  for (let start = first; start < first + inputs && performance.now() < end; start += BATCH) {
    run.judgeBatch(start, Math.min(start + BATCH, first + inputs), attemptAt);
  }
  return run.report();
}

class Run {
  readonly #target: string;
  readonly #findings: Finding[] = [];
  #inputs = 0;
  #read = 0;
  #slowestMs = 0;
  /** What was in use after the last collection. */
  #clean = 0;

  constructor(target: string) {
    this.#target = target;
  }

  report(): Report {
    return {
      target: this.#target,
      inputs: this.#inputs,
      read: this.#read,
      slowestMs: this.#slowestMs,
      findings: this.#findings,
    };
  }

  /** Memory is judged for all of them together first: to find out takes longer than to read one. */
  judgeBatch(start: number, end: number, attemptAt: (index: number) => Attempt): void {
    collectGarbage();
    const before = usedBytes();
    for (let index = start; index < end; index++) {
      this.#judge(attemptAt(index));
    }
    if (usedBytes() - before > MEMORY_LIMIT) {
      for (let index = start; index < end; index++) {
        this.#judgeMemory(attemptAt(index));
      }
    }
  }

  /** Garbage is collected when there is some: to do it each time would take longer than all the reading. */
  judgeAlone(attempt: Attempt): void {
    if (usedBytes() - this.#clean > GARBAGE_LIMIT) {
      collectGarbage();
      this.#clean = usedBytes();
    }
    const before = usedBytes();
    this.#judge(attempt);
    // A little of the growth may be hidden by what was collected meanwhile; and what took long was read several times.
    if (usedBytes() - before > MEMORY_LIMIT - GARBAGE_LIMIT) {
      this.#judgeMemory(attempt);
    }
  }

  #judge(attempt: Attempt): void {
    this.#inputs++;
    const start = performance.now();
    const { fault, refused } = outcomeOf(attempt);
    let ms = performance.now() - start;
    this.#read += refused ? 0 : 1;
    if (fault !== undefined) {
      this.#find(attempt, fault);
    }
    if (ms > QUICK_MS) {
      ms = this.#judgeTime(attempt, ms);
    }
    this.#slowestMs = Math.max(this.#slowestMs, ms);
  }

  /** @returns the milliseconds that it took at best */
  #judgeTime(attempt: Attempt, firstMs: number): number {
    let ms = firstMs;
    for (let retry = 0; retry < RETRIES && ms > QUICK_MS; retry++) {
      ms = Math.min(
        ms,
        processorMs(() => outcomeOf(attempt)),
      );
    }
    if (ms > QUICK_MS && ms > timeLimitMs()) {
      this.#find(attempt, `took ${ms.toFixed(0)} ms`);
    }
    return ms;
  }

  #judgeMemory(attempt: Attempt): void {
    collectGarbage();
    const before = usedBytes();
    const outcome = outcomeOf(attempt);
    const grown = usedBytes() - before;
    if (grown > MEMORY_LIMIT) {
      this.#find(
        attempt,
        `took ${(grown / 1024 / 1024).toFixed(0)} MiB and was ${outcome.refused ? "refused" : "read"}`,
      );
    }
  }

  #find({ what, input }: Attempt, fault: string): void {
    this.#findings.push({ what, input, fault });
  }
}

interface Outcome {
  readonly refused: boolean;
  /** What was read. */
  readonly value?: unknown;
  /** Why it should not have been refused like this. */
  readonly fault?: string;
}

function outcomeOf({ run }: Attempt): Outcome {
  try {
    return { refused: false, value: run() };
  } catch (cause) {
    if (cause instanceof SealserveError) {
      return { refused: true };
    }
    return { refused: true, fault: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) };
  }
}
