import { missingIn } from "./absent.ts";
import { collectTests, isSkipped, type Job, type Suite, type Test, type TestOptions } from "./test-shim.ts";

export interface TestResult {
  /** The names of the suites and of the test, joined by ` > `. */
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  /** Why it failed or was skipped. */
  readonly detail?: string;
  /** What of Node it asked for, when it failed for that. */
  readonly missing?: string;
}

interface Scope {
  readonly path: readonly string[];
  /** Hooks around each test, from the outermost suite to the innermost. */
  readonly beforeEach: readonly Job[];
  readonly afterEach: readonly Job[];
}

const TIMEOUT_MS = 60_000;
const RUNNER_FRAME = /^\s+at .*(\/tests\/browser\/|<anonymous>:)/;
/** The name under which a file that does not load is reported. */
export const LOADING = "(loading)";

/** Runs what a test file declares, one test after the other. A skipped suite counts as one skipped test. */
export async function runTests(load: () => Promise<unknown>): Promise<TestResult[]> {
  const results: TestResult[] = [];
  try {
    const suite = await collectTests(load);
    await runSuite(suite, { path: [], beforeEach: [], afterEach: [] }, results);
  } catch (error) {
    results.push(failed([LOADING], error));
  }
  return results;
}

async function runSuite(suite: Suite, outer: Scope, results: TestResult[]): Promise<void> {
  const path = suite.name === "" ? outer.path : [...outer.path, suite.name];
  if (isSkipped(suite.options)) {
    results.push(skipped(path, suite.options));
    return;
  }
  const { hooks, children } = suite;
  const scope = {
    path,
    beforeEach: [...outer.beforeEach, ...hooks.beforeEach],
    afterEach: [...hooks.afterEach, ...outer.afterEach],
  };
  if (await hooksHold([...path, "(before)"], hooks.before, results)) {
    for (const child of children) {
      await (child.kind === "suite" ? runSuite(child, scope, results) : runTest(child, scope, results));
    }
  }
  await hooksHold([...path, "(after)"], hooks.after, results);
}

async function runTest({ name, options, job }: Test, scope: Scope, results: TestResult[]): Promise<void> {
  const path = [...scope.path, name];
  if (isSkipped(options)) {
    results.push(skipped(path, options));
    return;
  }
  try {
    await withTimeout(runBetweenHooks(job, scope), options.timeout ?? TIMEOUT_MS);
    results.push({ name: nameOf(path), outcome: "passed" });
  } catch (error) {
    results.push(failed(path, error));
  }
}

async function runBetweenHooks(job: Job, { beforeEach, afterEach }: Scope): Promise<void> {
  try {
    await runJobs([...beforeEach, job]);
  } finally {
    await runJobs(afterEach);
  }
}

/** Runs hooks of a suite; when one fails, that is reported as a failed test of the name given. */
async function hooksHold(path: readonly string[], hooks: readonly Job[], results: TestResult[]): Promise<boolean> {
  try {
    await withTimeout(runJobs(hooks), TIMEOUT_MS);
    return true;
  } catch (error) {
    results.push(failed(path, error));
    return false;
  }
}

async function runJobs(jobs: readonly Job[]): Promise<void> {
  for (const job of jobs) {
    await job();
  }
}

async function withTimeout(run: Promise<void>, milliseconds: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${milliseconds} ms`)), milliseconds);
  });
  try {
    await Promise.race([run, late]);
  } finally {
    clearTimeout(timer);
  }
}

function nameOf(path: readonly string[]): string {
  return path.join(" > ");
}

function skipped(path: readonly string[], { skip }: TestOptions): TestResult {
  return { name: nameOf(path), outcome: "skipped", detail: typeof skip === "string" ? skip : "no reason given" };
}

function failed(path: readonly string[], error: unknown): TestResult {
  const missing = missingIn(error);
  return { name: nameOf(path), outcome: "failed", detail: explain(error), ...(missing !== undefined && { missing }) };
}

/** The error and what caused it, without the frames of the runner itself. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  const lines = (error.stack ?? String(error)).split("\n").filter((line) => !RUNNER_FRAME.test(line));
  return error.cause === undefined ? lines.join("\n") : `${lines.join("\n")}\ncaused by: ${explain(error.cause)}`;
}
