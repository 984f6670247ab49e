/** Times runs of several models in turn, so that a busy moment of the machine meets all of them. */

/** A model to time. */
export interface Timed {
  readonly name: string;
  run(): Promise<unknown>;
}

/** What the runs took. */
export interface Times {
  /** Milliseconds of single runs of all rounds together, by name. */
  readonly all: Readonly<Record<string, number[]>>;
  /** Milliseconds of processor time of a run, of all the process's threads, by name: other load of the machine hardly changes it. */
  readonly processor: Readonly<Record<string, number>>;
  /** The median over the rounds of `b`'s median time over `a`'s: how many times as fast as `b` model `a` is. */
  speed(a: string, b: string): number;
}

interface Round {
  readonly times: number[];
  readonly processor: number;
}

/** Times `runs` runs of each model in each round. */
export async function timeInTurn(
  models: readonly Timed[],
  { rounds, runs, warmUps = 1 }: { readonly rounds: number; readonly runs: number; readonly warmUps?: number },
): Promise<Times> {
  const perRound = new Map(models.map(({ name }) => [name, [] as Round[]]));
  for (const model of models) {
    await timeRuns(model, warmUps);
  }
  for (let round = 0; round < rounds; round++) {
    for (const model of models) {
      perRound.get(model.name)?.push(await timeRuns(model, runs));
    }
  }
  const mediansOf = (name: string): number[] => (perRound.get(name) ?? []).map(({ times }) => median(times));
  const byName = <Value>(value: (of: readonly Round[]) => Value): Record<string, Value> =>
    Object.fromEntries([...perRound].map(([name, of]) => [name, value(of)]));
  return {
    all: byName((of) => of.flatMap(({ times }) => times)),
    processor: byName((of) => significant(median(of.map(({ processor }) => processor)))),
    speed: (a, b) => {
      const [ours, others] = [mediansOf(a), mediansOf(b)];
      return significant(median(ours.map((value, round) => (others[round] as number) / value)));
    },
  };
}

async function timeRuns(model: Timed, runs: number): Promise<Round> {
  const times: number[] = [];
  const before = process.cpuUsage();
  for (let index = 0; index < runs; index++) {
    const start = performance.now();
    await model.run();
    times.push(performance.now() - start);
  }
  const { user, system } = process.cpuUsage(before);
  return { times, processor: (user + system) / 1000 / runs };
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number;
}

/** Rounded to three significant digits. */
export function significant(value: number): number {
  return Number(value.toPrecision(3));
}
