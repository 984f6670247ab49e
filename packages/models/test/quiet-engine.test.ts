import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const program = `
  import { loadModel } from "./src/load-model.ts";
  import { makeTinyClassifier } from "./src/examples/tiny-classifier.ts";
  import { floats } from "./test/fixtures/tensors.ts";
  import { onnxModel, sumGraph } from "./test/fixtures/onnx.ts";
  import { makeInitialiser, makeNode } from "./src/onnx/write.ts";
  const model = await loadModel(makeTinyClassifier());
  await model.run("serving_default", new Map([["features", floats([1, 3])]]), []).catch(() => {});
  await model.close();
  const unused = [makeInitialiser("w", floats([2])), makeInitialiser("unused", floats([2]))];
  await (await loadModel(new Map([["m.onnx", onnxModel(sumGraph({ initializer: unused }))]]))).close();
  const unknown = onnxModel(sumGraph({ node: [makeNode("NoSuchOperation", ["x"], ["y"])] }));
  await loadModel(new Map([["m.onnx", unknown]])).catch((error) => console.log(error.code));
`;

function runProgram(environment: NodeJS.ProcessEnv = process.env) {
  return spawnSync(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", "--input-type=module-typescript", "--eval", program],
    { cwd: new URL("..", import.meta.url), encoding: "utf8", timeout: 60_000, env: environment },
  );
}

test("the engine writes nothing to standard error, and a closed model lets the process end", () => {
  const { stdout, stderr, status } = runProgram();
  assert.equal(stderr, "");
  assert.equal(stdout, "engine-refused\n");
  assert.equal(status, 0);
});

for (const given of [undefined, "0"]) {
  test(`the engine records nothing on disk, whatever the environment asks for: ${given}`, async () => {
    const home = await mkdtemp(join(tmpdir(), "sealserve-home-"));
    try {
      const folders = { HOME: home, XDG_CACHE_HOME: join(home, "cache"), TMPDIR: home };
      const { status } = runProgram({ ...process.env, ...folders, ORT_DISABLE_TELEMETRY: given });
      assert.equal(status, 0);
      assert.deepEqual(await readdir(home, { recursive: true }), []);
    } finally {
      await rm(home, { recursive: true });
    }
  });
}
