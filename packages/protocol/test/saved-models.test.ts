import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { SavedModel } from "../src/messages/tensorflow/saved-model.ts";
import { decodeTensor } from "../src/tensor/decode.ts";

/** Public models beside the checkout. */
const models = fileURLToPath(new URL("../../../../shared/models", import.meta.url));
const files = existsSync(models) ? globSync("*/*/saved_model.pb", { cwd: models }) : [];

describe("SavedModel files of TensorFlow 1.0 to 2.21", {
  skip: files.length === 0 && "no ../shared beside the checkout",
}, () => {
  for (const file of files) {
    it(`${file} decodes, encodes and decodes to the same`, () => {
      const decoded = SavedModel.decode(readFileSync(join(models, file)));
      assert.deepEqual(SavedModel.decode(SavedModel.encode(decoded)), decoded);
      const [metaGraph] = decoded.metaGraphs;
      assert.ok(metaGraph?.graphDef !== undefined && metaGraph.graphDef.node.length > 0);
      assert.ok(metaGraph.signatureDef.size > 0);
    });

    it(`${file} has constants that decode to tensors`, () => {
      const decoded = SavedModel.decode(readFileSync(join(models, file)));
      const nodes = decoded.metaGraphs.flatMap(({ graphDef }) => [
        ...(graphDef?.node ?? []),
        ...(graphDef?.library?.function.flatMap(({ nodeDef }) => nodeDef) ?? []),
      ]);
      const constants = nodes.filter(({ op }) => op === "Const").map(({ attr }) => attr.get("value")?.tensor);
      for (const constant of constants) {
        assert.ok(constant !== undefined);
        const tensor = decodeTensor(constant);
        const elements = tensor.shape.reduce((product, size) => product * size, 1);
        assert.equal(tensor.data.length, elements);
      }
    });
  }
});
