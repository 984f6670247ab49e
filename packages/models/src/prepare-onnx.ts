import { dataTypeNumber, SignatureDef, TensorInfo, TensorShapeProto } from "@sealserve/protocol";

import type { ReadableFiles } from "./model-files.ts";
import { ExternalData } from "./onnx/external-data.ts";
import { parseOnnxModel } from "./onnx/read.ts";
import type { PreparedModel } from "./prepared-model.ts";
import type { GraphPort, RunnableGraph } from "./runnable-graph.ts";
import type { Signature, SignatureTensor } from "./signature.ts";

/**
 * Reads an ONNX model, whose weights may stand in files beside it. Once it has been checked it goes to the engine
 * as it is, but for guards before its recurrent operations.
 * @throws ModelError when the model is broken or refused
 */
export function prepareOnnx(files: ReadableFiles, file: string): PreparedModel {
  const external = new ExternalData(files);
  const { signatures, model } = parseOnnxModel(files.get(file) ?? new Uint8Array(), external);
  return {
    platform: "onnx",
    signatures,
    signatureDefs: new Map([...signatures].map(([key, signature]) => [key, declare(signature)])),
    graphs: new Map([...signatures].map(([key, signature]) => [key, asGraph(model, signature)])),
    plans: new Map(),
    refusals: new Map(),
    arrangeWeights: () => external.files,
  };
}

function asGraph(model: Uint8Array, { inputs, outputs }: Signature): RunnableGraph {
  const ports = (tensors: ReadonlyMap<string, SignatureTensor>): Map<string, GraphPort> =>
    new Map(
      [...tensors].map(([alias, { tensorName, dtype }], position) => [alias, { name: tensorName, dtype, position }]),
    );
  return { model, inputs: ports(inputs), outputs: ports(outputs) };
}

function declare({ methodName, inputs, outputs }: Signature): SignatureDef {
  return SignatureDef.create({ methodName, inputs: declareTensors(inputs), outputs: declareTensors(outputs) });
}

function declareTensors(tensors: ReadonlyMap<string, SignatureTensor>): Map<string, TensorInfo> {
  return new Map([...tensors].map(([alias, tensor]) => [alias, declareTensor(tensor)]));
}

function declareTensor({ tensorName, dtype, shape }: SignatureTensor): TensorInfo {
  const tensorShape =
    shape === undefined
      ? TensorShapeProto.create({ unknownRank: true })
      : TensorShapeProto.create({ dim: shape.map((size) => ({ size: BigInt(size), name: "" })) });
  return TensorInfo.create({ name: tensorName, dtype: dataTypeNumber(dtype), tensorShape });
}
