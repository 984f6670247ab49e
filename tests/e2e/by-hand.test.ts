/**
 * Types the README's own commands into a shell, with services in processes of their own, for the project's model and
 * for public models where they are present.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { CHECKOUT, Running } from "./command.ts";
import { commandBlocks, linkCheckout } from "./readme-commands.ts";

interface Answer {
  readonly outputs: Record<string, unknown>;
}

const READY = /ready at|serving mymodel|MRENCLAVE/;

/** Runs the README with another model and input; returns what the last command printed. */
async function followReadme(replace: { readonly model?: string; readonly input?: string }): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "sealserve-readme-"));
  const services: Running[] = [];
  let output = "";
  try {
    await linkCheckout(folder);
    const variables = `MODEL=${replace.model ?? "run/models/half_plus_two"}\nINPUT='${replace.input ?? '{"instances": [1.0, 2.0, 5.0]}'}'\n`;
    for (const { kind, commands } of await commandBlocks("README.md")) {
      const script = `set -e\n${variables}${commands.replaceAll(/^(MODEL|INPUT)=.*\n/gm, "")}`;
      const shell = new Running("bash", ["-c", script], { cwd: folder, group: true });
      if (kind === "service") {
        services.push(shell);
        await shell.matches(READY);
      } else {
        const finished = await shell.finished;
        assert.equal(finished.code, 0, `${commands}\n${finished.stderr}`);
        output = finished.stdout;
      }
    }
    return output;
  } finally {
    await Promise.all(services.map((service) => service.stop("SIGINT")));
    await rm(folder, { recursive: true, force: true });
  }
}

function outputsOf(printed: string): unknown[] {
  return Object.values((JSON.parse(printed) as Answer).outputs);
}

test("the README's commands serve the project's own half_plus_two", async () => {
  assert.deepEqual(outputsOf(await followReadme({})), [[2.5, 3.0, 4.5]]);
});

for (const name of ["half_plus_two_cpu", "half_plus_two_2_versions", "half_plus_two_tf2_cpu"]) {
  const model = join(CHECKOUT, "..", "shared", "models", name);
  test(`the README's commands serve the public ${name}`, {
    skip: existsSync(model) ? false : `${model} is absent`,
  }, async () => {
    assert.deepEqual(outputsOf(await followReadme({ model })), [[2.5, 3.0, 4.5]]);
  });
}

const mnist = join(CHECKOUT, "..", "shared", "models", "mnist_onnx");
test("the README's commands serve the public mnist_onnx", {
  skip: existsSync(mnist) ? false : `${mnist} is absent`,
}, async () => {
  const pixel = (index: number): number => ((index * 7919 + 114) % 1000) / 1000;
  const rows = Array.from({ length: 28 }, (_, y) => Array.from({ length: 28 }, (__, x) => pixel(28 * y + x)));
  const [scores] = outputsOf(await followReadme({ model: mnist, input: JSON.stringify({ instances: [[rows]] }) })) as [
    number[][],
  ];
  const expected = [
    -0.319840968, 0.457686633, -1.053949, 0.216109678, 0.209331915, 1.14958131, 0.0362976119, -0.807867646, 0.99301523,
    -0.964114308,
  ];
  assert.equal(scores.length, 1);
  for (const [index, score] of expected.entries()) {
    assert.ok(Math.abs((scores[0]?.[index] as number) - score) < 1e-5, `score ${index}`);
  }
});
