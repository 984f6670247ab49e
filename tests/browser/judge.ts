import type { TestResult } from "./run-tests.ts";
import type { NodeOnlyTests } from "./selection.ts";

/**
 * The results of one file, with the tests that need Node counted as skipped when they failed for just what is listed. A
 * listed test that passes, or that is not there, is a failure: the list says more than is true.
 */
export function judgeResults(
  file: string,
  results: readonly TestResult[],
  nodeOnly: readonly NodeOnlyTests[],
): TestResult[] {
  const listed = nodeOnly.filter((entry) => entry.file === file);
  const judged = results.map((result) => judge(result, listed));
  const stale = listed.filter(({ tests }) => !results.some(({ name }) => tests.test(name)));
  return [
    ...judged,
    ...stale.map(({ tests }) => failure(String(tests), "listed as a test that needs Node, not found")),
  ];
}

function judge(result: TestResult, listed: readonly NodeOnlyTests[]): TestResult {
  const entry = listed.find(({ tests }) => tests.test(result.name));
  if (entry === undefined) {
    return result;
  }
  if (result.outcome !== "failed") {
    return failure(result.name, `listed as a test that needs Node, but ${result.outcome}`);
  }
  return result.missing === entry.missing
    ? { name: result.name, outcome: "skipped", detail: `${entry.reason} (no ${entry.missing})` }
    : result;
}

function failure(name: string, detail: string): TestResult {
  return { name, outcome: "failed", detail };
}
