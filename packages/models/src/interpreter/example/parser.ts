import { invalidArgument, ServingError, type Tensor } from "@sealserve/protocol";

import type { KnownInput, NodeOperation } from "../../saved-model/node-operation.ts";
import type { Kernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { type Column, fixedTensor, paddedTensor, raggedTensors, sparseTensors } from "./columns.ts";
import { ExampleReader } from "./example-reader.ts";
import { type ExampleSpec, expectParsable, isVariableLength } from "./feature-spec.ts";

/** What the first input may be: a list of Examples, one Example without a list, or either. */
export type ExampleInput = "vector" | "scalar" | "scalar or vector";

/** The kernel of an operation that parses serialized Examples, which are its first input. */
export function exampleParser(operation: NodeOperation<KnownInput>, spec: ExampleSpec, input: ExampleInput): Kernel {
  expectParsable(operation, spec);
  const reader = new ExampleReader(spec);
  return {
    outputs: outputTypes(spec),
    run: ([serialized]) => {
      const { shape, data } = serialized as Tensor;
      expectShape(shape, input, spec);
      return makeTensors(spec, reader.read(data as readonly Uint8Array[], shape.length === 0));
    },
  };
}

function outputTypes({ sparse, dense, ragged }: ExampleSpec): Kernel["outputs"] {
  return [
    ...sparse.map(() => "int64" as const),
    ...sparse.map(({ dtype }) => dtype),
    ...sparse.map(() => "int64" as const),
    ...dense.map(({ dtype }) => dtype),
    ...ragged.map(({ dtype }) => dtype),
    ...ragged.map(({ splitType }) => splitType),
  ];
}

function expectShape(shape: readonly number[], input: ExampleInput, { ragged }: ExampleSpec): void {
  const isScalar = shape.length === 0;
  if (shape.length > 1 || input === (isScalar ? "vector" : "scalar")) {
    throw invalidArgument(`Expected serialized to be a ${input}, got shape: [${shape.join(",")}]`);
  }
  if (isScalar && ragged.length > 0) {
    throw new ServingError("UNIMPLEMENTED", "Ragged features of one Example without a list are not supported");
  }
}

/** In the order of {@link outputTypes}. */
function makeTensors({ sparse, dense, ragged }: ExampleSpec, columns: readonly Column[]): Tensor[] {
  const budget = new OutputBudget();
  const columnOf = (number: number): Column => columns[number] as Column;
  const sparseTriples = sparse.map((feature, index) => sparseTensors(feature, columnOf(index), budget));
  const denseTensors = dense.map((feature, index) => {
    const makeTensor = isVariableLength(feature) ? paddedTensor : fixedTensor;
    return makeTensor(feature, columnOf(sparse.length + index), budget);
  });
  const raggedAt = sparse.length + dense.length;
  const raggedPairs = ragged.map((feature, index) => raggedTensors(feature, columnOf(raggedAt + index), budget));
  return [
    ...sparseTriples.map(({ indices }) => indices),
    ...sparseTriples.map(({ values }) => values),
    ...sparseTriples.map(({ shape }) => shape),
    ...denseTensors,
    ...raggedPairs.map(({ values }) => values),
    ...raggedPairs.map(({ splits }) => splits),
  ];
}
