/**
 * What every figure shares: repeated timing of one job, paired with a peer in the same run, and one JSON document out.
 * The machines this runs on are shared, so a figure is a median of rounds and a ratio is the median of paired rounds.
 */
import { cpus, totalmem } from "node:os";

/** One measured job. */
export interface Job {
  readonly name: string;
  /** Runs the job `count` times. */
  run(count: number): Promise<void>;
}

/** Rate of one job over all rounds, per second. */
export interface Rate {
  readonly name: string;
  readonly perSecond: { readonly minimum: number; readonly median: number; readonly maximum: number };
}

const ROUNDS = 7;
const ROUND_MS = 400;

/** Times the jobs in turn, round by round, after one warm-up round each. */
export async function measureRates(jobs: readonly Job[]): Promise<Rate[]> {
  const counts: number[] = [];
  for (const [index, job] of jobs.entries()) {
    counts[index] = await calibrate(job);
  }
  const rates = jobs.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, job] of jobs.entries()) {
      const count = counts[index] as number;
      const seconds = await time(() => job.run(count));
      (rates[index] as number[]).push(count / seconds);
    }
  }
  return jobs.map((job, index) => ({ name: job.name, perSecond: spread(rates[index] as number[]) }));
}

/** How many repetitions fill one round. */
async function calibrate(job: Job): Promise<number> {
  await job.run(1);
  let count = 1;
  for (;;) {
    const seconds = await time(() => job.run(count));
    if (seconds * 1000 > ROUND_MS / 4) {
      return Math.max(1, Math.round((count * ROUND_MS) / 1000 / seconds));
    }
    count *= 4;
  }
}

/** Seconds that a job takes. */
export async function time(job: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await job();
  return (performance.now() - start) / 1000;
}

/** Smallest, middle and largest of some values, rounded to three significant digits. */
export function spread(values: readonly number[]): { minimum: number; median: number; maximum: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number =>
    Number((sorted[Math.floor(share * (sorted.length - 1))] as number).toPrecision(3));
  return { minimum: at(0), median: at(0.5), maximum: at(1) };
}

/** Prints a figure: what was measured, the ratio first, then the rates and the machine. */
export function printFigure(figure: {
  readonly name: string;
  readonly ratio?: number;
  readonly [member: string]: unknown;
}): void {
  const { name, ratio, ...rest } = figure;
  const machine = {
    processor: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
  };
  process.stdout.write(`${JSON.stringify({ name, ratio, ...rest, machine }, undefined, 2)}\n`);
}
