import assert from "node:assert/strict";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { checkTensor, dataTypes, makeNumbers, type Tensor } from "@sealserve/protocol";

import { libraries, skipWithoutLibrary } from "../../../../tests/support/libtensorflow.ts";
import { writeExampleModels } from "../../src/examples/write-example-models.ts";
import { loadTensorFlowModel, type TensorFlowOptions } from "../../src/libtensorflow/tensorflow-model.ts";
import type { LoadedModel } from "../../src/loaded-model.ts";
import { modelError, servingError } from "../fixtures/errors.ts";
import type { FixtureModel } from "../fixtures/saved-model.ts";
import { convolution, counter, identities, loop, ModelFolders, sum, texts } from "./graphs.ts";

process.env["TF_CPP_MIN_LOG_LEVEL"] = "3";

const floats = (...values: readonly number[]): Tensor => ({
  dtype: "float32",
  shape: [values.length],
  data: Float32Array.from(values),
});
const scalar = (value: number): Tensor => ({ dtype: "float32", shape: [], data: Float32Array.of(value) });
/** What TensorFlow has kernels for that give a value back, and we have numbers for. */
const NUMBERS = dataTypes
  .map(({ name }) => name)
  .filter((name) => !/^(string|resource|variant|u?int4|float8)/.test(name));

for (const library of libraries.length > 0 ? libraries : ["libtensorflow"]) {
  describe(library, { skip: skipWithoutLibrary }, () => {
    const folders = new ModelFolders();
    const open: LoadedModel[] = [];

    after(async () => {
      await Promise.all(open.map((model) => model.close()));
      await folders.remove();
    });

    async function load(model: FixtureModel | string, options: Partial<TensorFlowOptions> = {}): Promise<LoadedModel> {
      const directory = typeof model === "string" ? model : await folders.write(model);
      const loaded = await loadTensorFlowModel({ directory }, { library, threads: 1, ...options });
      open.push(loaded);
      return loaded;
    }

    test("numbers go in and come out; a signature that cannot be called is no matter for the others", async () => {
      const model = await load(sum);
      const inputs = new Map([
        ["a", floats(1, 2)],
        ["b", floats(10, 20)],
      ]);
      assert.deepEqual(await model.run("serving_default", inputs, []), new Map([["sum", floats(11, 22)]]));
      assert.deepEqual(await model.run("serving_default", inputs, ["sum", "sum"]), new Map([["sum", floats(11, 22)]]));
      assert.deepEqual([...model.refusals.keys()], ["composite", "absent"]);
      await assert.rejects(
        model.run("composite", new Map(), []),
        modelError("unsupported-signature", /one dense tensor/),
      );
      await assert.rejects(model.run("absent", new Map(), []), modelError("unsupported-signature", /"nowhere:0"/));
      await assert.rejects(model.run("other", new Map(), []), servingError("FAILED_PRECONDITION", /"other" not found/));
    });

    test("each type of numbers comes back as it went in, without elements too", async () => {
      const model = await load(identities(NUMBERS));
      for (const dtype of NUMBERS) {
        for (const shape of [[2, 3], [], [0, 3]]) {
          const width = dtype.startsWith("complex") ? 2 : 1;
          const data = makeNumbers(dtype, width * shape.reduce((product, size) => product * size, 1));
          data.forEach((_, index) => {
            data[index] = typeof data[index] === "bigint" ? BigInt(index % 2) : index % 2;
          });
          const x: Tensor = { dtype, shape, data };
          checkTensor(x);
          const [y] = (await model.run(dtype, new Map([["x", x]]), [])).values();
          assert.deepEqual(y, x);
        }
      }
    });

    test("strings of any length go in and come out", async () => {
      const model = await load(texts);
      const bytes = [0, 1, 21, 22, 23, 24, 127, 128, 100_000].map((length) => Buffer.alloc(length, "\0pq"));
      for (const given of [bytes, [], bytes.slice(0, 1)]) {
        const text: Tensor = { dtype: "string", shape: [given.length], data: given.map((one) => new Uint8Array(one)) };
        const results = await model.run("serving_default", new Map([["text", text]]), []);
        assert.deepEqual(results.get("same"), text);
        const base64 = given.map((one) => new TextEncoder().encode(one.toString("base64url")));
        assert.deepEqual(results.get("base64"), { ...text, data: base64 });
      }
    });

    test("variables come from the checkpoint, and what a call does to them stays", async () => {
      const model = await load(counter);
      const counts: unknown[] = [];
      for (const by of [1, 1, 0.5]) {
        const [count] = (await model.run("add", new Map([["by", scalar(by)]]), [])).values();
        counts.push(count?.data[0]);
      }
      assert.deepEqual(counts, [41, 42, 42.5]);
    });

    test("the model that the project writes for tests is one for TensorFlow", async () => {
      const directory = await folders.write(sum);
      const written = await writeExampleModels(directory);
      const model = await load(join(written.get("half_plus_two") ?? "", "1"));
      assert.deepEqual(
        await model.run("serving_default", new Map([["x", floats(1, 2, 5)]]), ["y"]),
        new Map([["y", floats(2.5, 3, 4.5)]]),
      );
    });

    test("convolutions run, also where the processor does not tell its caches", async () => {
      const model = await load(convolution);
      const image: Tensor = { dtype: "float32", shape: [1, 7, 7, 512], data: new Float32Array(7 * 7 * 512).fill(1) };
      const sums = (await model.run("serving_default", new Map([["image", image]]), [])).get("sums");
      assert.deepEqual(sums, {
        dtype: "float32",
        shape: [1, 7, 7, 2048],
        data: new Float32Array(7 * 7 * 2048).fill(512),
      });
    });

    test("many calls at once each get their own answer", async () => {
      const model = await load(sum, { maxRuns: 3 });
      const answers = await Promise.all(
        Array.from({ length: 200 }, async (_, call) => {
          const inputs = new Map([
            ["a", floats(call, 1)],
            ["b", floats(1000, call)],
          ]);
          return (await model.run("serving_default", inputs, [])).get("sum");
        }),
      );
      assert.deepEqual(
        answers,
        Array.from({ length: 200 }, (_, call) => floats(1000 + call, 1 + call)),
      );
    });

    test("what TensorFlow says of a call is its error, and the next call runs", async () => {
      const model = await load(sum);
      const call = (a: Tensor, b: Tensor) =>
        model.run(
          "serving_default",
          new Map([
            ["a", a],
            ["b", b],
          ]),
          [],
        );
      await assert.rejects(
        call(floats(1, 2), floats(1, 2, 3)),
        servingError("INVALID_ARGUMENT", /Incompatible shapes: \[2\] vs\. \[3\]/),
      );
      const text: Tensor = { dtype: "string", shape: [], data: [new Uint8Array()] };
      await assert.rejects(
        call(floats(1), text),
        servingError("INVALID_ARGUMENT", /Expects arg\[1\] to be float but string/),
      );
      await assert.rejects(
        model.run("serving_default", new Map([["a", floats(1)]]), []),
        servingError("INVALID_ARGUMENT", /lacks input b/),
      );
      assert.deepEqual(await call(floats(1), floats(2)), new Map([["sum", floats(3)]]));
    });

    test("the thread stays free while TensorFlow runs, other calls overtake, and a call that takes too long is cancelled", async () => {
      const model = await load(loop, { maxRunMs: 1000, maxRuns: 2, threads: 2 });
      const call = (until: number, signal?: AbortSignal) =>
        model.run("serving_default", new Map([["until", scalar(until)]]), [], { signal });
      const ended: string[] = [];
      // Beyond 2^24, adding one to a float changes nothing.
      const endless = assert.rejects(
        call(2 ** 25).finally(() => ended.push("endless")),
        servingError("DEADLINE_EXCEEDED", /./),
      );
      await new Promise(setImmediate);
      assert.deepEqual(await call(3), new Map([["count", scalar(3)]]));
      ended.push("short");
      await endless;
      assert.deepEqual(ended, ["short", "endless"]);
    });

    test("who stops waiting is told so at once, and closing waits for what TensorFlow is still at", async () => {
      const model = await load(loop, { maxRunMs: 1000 });
      const stop = new AbortController();
      const inputs = new Map([["until", scalar(2 ** 25)]]);
      const running = model.run("serving_default", inputs, [], { signal: stop.signal });
      const reason = new Error("gone");
      setImmediate(() => stop.abort(reason));
      await assert.rejects(running, reason);
      await assert.rejects(model.run("serving_default", inputs, [], { signal: stop.signal }), reason);
      await model.close();
      await assert.rejects(model.run("serving_default", inputs, []), modelError("closed"));
    });

    test("a model that TensorFlow does not load is refused with its reason", async () => {
      const [name] = Object.keys(counter.variables ?? {});
      assert.ok(name);
      const shrunk: FixtureModel = { ...counter, variables: { other: counter.variables?.[name] ?? assert.fail() } };
      await assert.rejects(
        load(shrunk),
        (error) =>
          modelError("engine-refused")(error) &&
          /count not found in checkpoint/.test(`${(error as { actual?: string }).actual}`),
      );
      await assert.rejects(load(sum, { tags: ["train"] }), modelError("unknown-tag"));
    });

    test("a graph that reaches out of the model does not come to TensorFlow (threat D10)", async () => {
      const { nodes, signatures } = texts;
      const files = nodes.map((node) => (node.name === "base64" ? { ...node, op: "ReadFile" } : node));
      await assert.rejects(
        load({ nodes: files, signatures }),
        modelError("unsupported-op", /"base64" reaches out of the model by ReadFile/),
      );
    });
  });
}
