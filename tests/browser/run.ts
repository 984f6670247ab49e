/**
 * Runs the tests of the browser-safe packages in headless Chromium: the same files as on Node, bundled. Closes with one
 * plain line of counts. `npm run test:browser -- packages/core` runs only the files below that path.
 */
import { resolve } from "node:path";
import { bundleTests } from "./bundle.ts";
import { findChromium, runOnPage, startChromium } from "./chromium.ts";
import { judgeResults } from "./judge.ts";
import type { TestResult } from "./run-tests.ts";
import { NODE_ONLY_TESTS } from "./selection.ts";
import { startServer } from "./serve.ts";

const root = resolve(import.meta.dirname, "../..");
const wanted = process.argv.slice(2).map((path) => resolve(path));
const counts = { passed: 0, failed: 0, skipped: 0 };

try {
  await runAll();
} catch (error) {
  counts.failed++;
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
}
if (counts.passed + counts.failed === 0) {
  process.stderr.write("no test ran\n");
}
process.stdout.write(`browser: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1;

async function runAll(): Promise<void> {
  const executable = findChromium();
  const { tests, runner, scripts } = await bundleTests(isWanted);
  const server = await startServer(scripts);
  const browser = await startChromium(executable);
  try {
    for (const [file, script] of tests) {
      const results = await runOnPage(browser, server.origin, runner, script);
      printResults(file, judgeResults(file, results, NODE_ONLY_TESTS));
    }
  } finally {
    await browser.close();
    await server.close();
  }
}

function isWanted(file: string): boolean {
  return wanted.length === 0 || wanted.some((path) => resolve(root, file).startsWith(path));
}

function printResults(file: string, results: readonly TestResult[]): void {
  for (const { outcome } of results) {
    counts[outcome]++;
  }
  const passed = results.filter(({ outcome }) => outcome === "passed").length;
  process.stdout.write(`${file}: ${passed} of ${results.length} passed\n`);
  for (const { name, outcome, detail } of results.filter((result) => result.outcome !== "passed")) {
    process.stdout.write(`  ${outcome}: ${name}\n    ${(detail ?? "").replaceAll("\n", "\n    ")}\n`);
  }
}
