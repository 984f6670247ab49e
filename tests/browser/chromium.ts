import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";
import type { TestResult } from "./run-tests.ts";

const DEFAULT_PATH = "/usr/bin/chromium";
const FILE_TIMEOUT_MS = 300_000;
/** No window, no sandbox (containers lack the rights for it), and nothing that asks for the network by itself. */
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Where Chromium is: `CHROMIUM` in the environment, or where Debian installs it. */
export function findChromium(): string {
  const path = process.env["CHROMIUM"] ?? DEFAULT_PATH;
  if (!existsSync(path)) {
    throw new Error(
      `no Chromium at ${path}. On Debian type, as root:\n\n  apt-get update && apt-get install -y chromium\n\n` +
        "elsewhere name the one you have:\n\n  CHROMIUM=/path/to/chromium npm run test:browser\n",
    );
  }
  return path;
}

/** Starts Chromium with a new, empty profile that is removed when it ends. */
export function startChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: FLAGS, chromiumSandbox: false });
}

/** Runs one test file on a page of its own. An error outside a test is the failure of a test without a name. */
export async function runOnPage(browser: Browser, origin: string, runner: string, test: string): Promise<TestResult[]> {
  const page = await browser.newPage();
  const results: TestResult[] = [];
  page.on("pageerror", (error) => results.push(failure("(outside a test)", error.stack ?? error.message)));
  try {
    await page.goto(origin);
    results.push(...(await withTimeout(evaluate(page, runner, test))));
  } catch (error) {
    results.push(failure("(page)", String(error)));
  } finally {
    await page.close();
  }
  return results;
}

function evaluate(page: Page, runner: string, test: string): Promise<TestResult[]> {
  return page.evaluate(
    async (scripts) => {
      const { runTests } = await import(scripts.runner);
      return runTests(() => import(scripts.test));
    },
    { runner, test },
  );
}

async function withTimeout<Value>(run: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${FILE_TIMEOUT_MS} ms`)), FILE_TIMEOUT_MS);
  });
  return Promise.race([run, late]).finally(() => clearTimeout(timer));
}

function failure(name: string, detail: string): TestResult {
  return { name, outcome: "failed", detail };
}
