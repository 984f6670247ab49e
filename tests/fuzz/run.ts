/**
 * Feeds the readers of evidence, collateral, certificates, policies and logs with changed and hostile inputs. Each must be
 * read or refused with an error of ours, within the time of measure.ts and 64 MiB.
 *
 *     npm run fuzz -- --seconds 60 [--target parseEvidence] [--seed 1] [--index 4711]
 *
 * The seed is printed; with it all inputs are the same again. `--index` runs one input of one target and shows it.
 */
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { defuse, fuzz, type Report } from "./fuzz.ts";
import type { Target } from "./target.ts";
import { TARGETS } from "./targets.ts";

const SHOWN = 2000;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    target: { type: "string", multiple: true },
    seed: { type: "string" },
    index: { type: "string" },
  },
});

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) {
    fail(`--${name} is not a whole number: ${text}`);
  }
  return Number(text);
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

function chosenTargets(names: readonly string[] | undefined): readonly Target[] {
  const unknown = names?.find((name) => !TARGETS.some((target) => target.name === name));
  if (unknown !== undefined) {
    fail(`no target ${unknown}; there are ${TARGETS.map(({ name }) => name).join(", ")}`);
  }
  return TARGETS.filter(({ name }) => names?.includes(name) !== false);
}

function print({ target, inputs, read, slowestMs, findings }: Report, what: string): void {
  const figures = `${inputs} ${what}, ${read} read, slowest ${slowestMs.toFixed(1)} ms, ${findings.length} findings`;
  process.stdout.write(`${target.padEnd(32)}${figures}\n`);
  for (const finding of findings.slice(0, 5)) {
    const { input } = finding;
    const shown = typeof input === "string" ? JSON.stringify(input) : Buffer.from(input).toString("hex");
    process.stdout.write(`  ${finding.what}: ${finding.fault}\n  ${input.length} long: ${shown.slice(0, SHOWN)}\n`);
  }
}

const seed = values.seed === undefined ? randomInt(1_000_000_000) : wholeNumber("seed", values.seed);
const targets = chosenTargets(values.target);
process.stdout.write(`seed ${seed}\n`);
let found = 0;

if (values.index !== undefined) {
  const first = wholeNumber("index", values.index);
  for (const target of targets) {
    const report = fuzz(target, { seed, first, inputs: 1, milliseconds: Number.POSITIVE_INFINITY });
    print(report, "inputs");
    found += report.findings.length;
  }
} else {
  const milliseconds = (1000 * wholeNumber("seconds", values.seconds)) / targets.length;
  for (const target of targets) {
    const bombs = await defuse(target);
    print(bombs, "bombs");
    const report = fuzz(target, { seed, inputs: Number.POSITIVE_INFINITY, milliseconds });
    print(report, "inputs");
    found += bombs.findings.length + report.findings.length;
  }
}
process.exitCode = found === 0 ? 0 : 1;
