/**
 * Runs the tests of every package, the conformance tests and the end-to-end tests with Node's test runner, and closes
 * with one plain line of counts. `npm test -- packages/core` runs only the files below that path.
 */
import { once } from "node:events";
import { globSync } from "node:fs";
import { resolve } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";

const PATTERNS = ["packages/*/test/**/*.test.ts", "tests/**/*.test.ts"];
const { SEALSERVE_SOAK_SECONDS = "0", SEALSERVE_CRASH_ROUNDS = "0" } = process.env;
const FILE_TIMEOUT_MS = 300_000 + 1000 * Number(SEALSERVE_SOAK_SECONDS) + 20_000 * Number(SEALSERVE_CRASH_ROUNDS);

const root = resolve(import.meta.dirname, "..");
/** Files that take long and work little: they run beside all others, and nothing waits for its turn behind them. */
const LONG_FILES = ["tests/e2e/soak.test.ts"].map((path) => resolve(root, path));

const wanted = process.argv.slice(2).map((path) => resolve(path));
const files = globSync(PATTERNS, { cwd: root })
  .map((path) => resolve(root, path))
  .filter((file) => wanted.length === 0 || wanted.some((path) => file.startsWith(path)))
  .sort();

const counts = { passed: 0, failed: 0, skipped: 0 };
const runs = [files.filter((file) => !LONG_FILES.includes(file)), files.filter((file) => LONG_FILES.includes(file))];
await Promise.all(runs.map((some) => runFiles(some)));

if (counts.passed === 0) {
  process.stderr.write("no test ran\n");
}
process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1;

async function runFiles(some: readonly string[]): Promise<void> {
  if (some.length === 0) {
    return;
  }
  const stream = run({ files: some, cwd: root, concurrency: 2, timeout: FILE_TIMEOUT_MS });
  stream.on("test:pass", (event) => {
    if (event.details.type !== "suite") {
      counts[event.skip === undefined || event.skip === false ? "passed" : "skipped"]++;
    }
  });
  stream.on("test:fail", () => {
    counts.failed++;
  });
  const report = stream.compose(new spec());
  report.pipe(process.stdout);
  await once(report, "end");
}
