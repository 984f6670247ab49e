/**
 * Stands in for `node:test` in a browser, as far as the tests use it: suites, tests, hooks, `skip` and `timeout`. What is
 * not here fails the bundling or the test that asks for it, so that nothing is left out unseen.
 */
export type Job = () => unknown;

export interface TestOptions {
  readonly skip?: boolean | string;
  readonly timeout?: number;
}

export interface Test {
  readonly kind: "test";
  readonly name: string;
  readonly options: TestOptions;
  readonly job: Job;
}

export interface Suite {
  readonly kind: "suite";
  readonly name: string;
  readonly options: TestOptions;
  readonly children: (Suite | Test)[];
  readonly hooks: Readonly<Record<Hook, Job[]>>;
}

type Hook = "before" | "after" | "beforeEach" | "afterEach";
type Declare = (name: string, optionsOrJob: TestOptions | Job, job?: Job) => void;

const KNOWN_OPTIONS = ["skip", "timeout"];
let current: Suite | undefined;

/** What `load` declares, as one suite without a name. */
export async function collectTests(load: () => Promise<unknown>): Promise<Suite> {
  const suite = emptySuite("", {});
  current = suite;
  try {
    await load();
  } finally {
    current = undefined;
  }
  return suite;
}

export const describe: Declare = (name, optionsOrJob, lastJob) => {
  const { options, job } = readArguments(optionsOrJob, lastJob);
  const parent = declaring();
  const suite = emptySuite(name, options);
  parent.children.push(suite);
  if (isSkipped(options)) {
    return;
  }
  current = suite;
  try {
    if (job() instanceof Promise) {
      throw new TypeError(`the suite ${name} is declared by an async function, which the browser run does not support`);
    }
  } finally {
    current = parent;
  }
};

export const it: Declare = (name, optionsOrJob, lastJob) => {
  declaring().children.push({ kind: "test", name, ...readArguments(optionsOrJob, lastJob) });
};

export { describe as suite, it as test };
export default it;

export const before = (job: Job): void => addHook("before", job);
export const after = (job: Job): void => addHook("after", job);
export const beforeEach = (job: Job): void => addHook("beforeEach", job);
export const afterEach = (job: Job): void => addHook("afterEach", job);

export function isSkipped({ skip }: TestOptions): boolean {
  return skip !== undefined && skip !== false;
}

function addHook(hook: Hook, job: Job): void {
  declaring().hooks[hook].push(job);
}

function declaring(): Suite {
  if (current === undefined) {
    throw new TypeError("tests are declared while their file loads, not while a test runs");
  }
  return current;
}

function emptySuite(name: string, options: TestOptions): Suite {
  return {
    kind: "suite",
    name,
    options,
    children: [],
    hooks: { before: [], after: [], beforeEach: [], afterEach: [] },
  };
}

function readArguments(optionsOrJob: TestOptions | Job, lastJob?: Job): { options: TestOptions; job: Job } {
  const [options, job] = typeof optionsOrJob === "function" ? [{}, optionsOrJob] : [optionsOrJob, lastJob];
  const unknown = Object.keys(options).find((key) => !KNOWN_OPTIONS.includes(key));
  if (unknown !== undefined || job === undefined) {
    throw new TypeError(`the browser run does not support ${unknown ?? "a test without a function"}`);
  }
  return { options, job };
}
