import { copyLittleEndian, makeNumbers, type Tensor } from "@sealserve/protocol";

import type { ReadableFiles } from "../model-files.ts";
import { elementType } from "../onnx/element-type.ts";
import { isExternal, placeOf } from "../onnx/external-data.ts";
import { type GraphProto, ModelProto, type NodeProto, type TensorProto, type ValueInfoProto } from "../onnx/schema.ts";
import type { GraphPort, RunnableGraph } from "../runnable-graph.ts";
import {
  type LightGraph,
  type LightInput,
  type LightStep,
  type LightType,
  MAX_LIGHT_ELEMENTS,
  MAX_LIGHT_STEPS,
} from "./light-graph.ts";
import { isLightOperation, operandsOf } from "./light-operations.ts";
import { mayBeSimplified } from "./simplification.ts";

/** Longest encoded model that is looked at, bytes: all constants in 64 bits, and as much again for the rest. */
const MAX_MODEL_BYTES = MAX_LIGHT_ELEMENTS * 16;
/** ONNX's own operations broadcast their operands, as these here do, from this version of the operator set on. */
const FIRST_OPERATOR_SET = 7n;

/** The graph is not light, which is no mistake: the engine runs it. */
class NotLight extends Error {}

/**
 * The graph as one that is run without the engine, where all of it is known to be cheap and to give the same; undefined
 * otherwise.
 * @param graph whose model the engine has accepted
 * @param files that it takes weights from
 */
export function readLightGraph(graph: RunnableGraph, files: ReadableFiles): LightGraph | undefined {
  try {
    return new LightGraphReader(files).read(graph);
  } catch (error) {
    if (error instanceof NotLight) {
      return undefined;
    }
    throw error;
  }
}

class LightGraphReader {
  readonly #files: ReadableFiles;
  readonly #numbers = new Map<string, number>();
  readonly #types: LightType[] = [];

  constructor(files: ReadableFiles) {
    this.#files = files;
  }

  read({ model, inputs: inputPorts, outputs: outputPorts }: RunnableGraph): LightGraph {
    expect(model.length <= MAX_MODEL_BYTES);
    const { node, initializer, input } = plainGraph(ModelProto.decode(model));
    expect(node.length <= MAX_LIGHT_STEPS);
    const inputs = input.map((value) => this.#readInput(value));
    const constants = this.#readConstants(initializer);
    const steps = node.map((each) => this.#readStep(each));
    expect(!mayBeSimplified({ inputs: inputs.length, constants, steps }));
    const inputNames = this.#numbersOf(inputPorts);
    expect(new Set(inputNames.values()).size === inputs.length);
    return { inputs, constants, steps, inputNames, outputNames: this.#numbersOf(outputPorts) };
  }

  #readInput({ name, type }: ValueInfoProto): LightInput {
    const dtype = lightType(type?.tensorType?.elemType);
    const sizes = type?.tensorType?.shape?.dim;
    this.#add(name, dtype);
    return { dtype, shape: sizes?.map(({ dimValue }) => (dimValue === undefined ? -1 : Number(dimValue))) };
  }

  #readConstants(initialisers: readonly TensorProto[]): Tensor[] {
    let left = MAX_LIGHT_ELEMENTS;
    return initialisers.map((initialiser) => {
      const dtype = lightType(initialiser.dataType);
      const shape = Array.from(initialiser.dims, Number);
      const count = shape.reduce((product, size) => product * size, 1);
      expect(count > 0 && count <= left);
      left -= count;
      this.#add(initialiser.name, dtype);
      return { dtype, shape, data: this.#readNumbers(initialiser, dtype, count) };
    });
  }

  /** Of values that are given in two ways the engine takes one; which one is for it to say. */
  #readNumbers(initialiser: TensorProto, dtype: LightType, count: number): Tensor["data"] {
    const list = dtype === "float32" ? initialiser.floatData : initialiser.doubleData;
    if (list.length > 0) {
      expect(list.length === count && initialiser.rawData.length === 0 && !isExternal(initialiser));
      return list;
    }
    const numbers = makeNumbers(dtype, count);
    const bytes = this.#bytesOf(initialiser);
    expect(bytes.length === numbers.byteLength);
    copyLittleEndian(bytes, numbers);
    return numbers;
  }

  /** In the model, or in a file beside it where the importer has said so. */
  #bytesOf(initialiser: TensorProto): Uint8Array {
    if (!isExternal(initialiser)) {
      return initialiser.rawData;
    }
    const { file, offset, length } = placeOf(initialiser, JSON.stringify(initialiser.name));
    const content = this.#files.get(file) ?? notLight();
    return content.subarray(offset, length === undefined ? undefined : offset + length);
  }

  #readStep({ opType, domain, attribute, input, output: [name = "", ...others] }: NodeProto): LightStep {
    expect(isOwnDomain(domain) && attribute.length === 0 && others.length === 0);
    const operation = isLightOperation(opType) ? opType : notLight();
    const operands = input.map((operand) => this.#numbers.get(operand) ?? notLight());
    const [type = notLight(), ...otherTypes] = operands.map((operand) => this.#types[operand]);
    expect(operands.length === operandsOf(operation) && otherTypes.every((other) => other === type));
    this.#add(name, type);
    return { operation, operands };
  }

  #add(name: string, type: LightType): void {
    expect(name !== "" && !this.#numbers.has(name));
    this.#numbers.set(name, this.#types.push(type) - 1);
  }

  #numbersOf(ports: ReadonlyMap<string, GraphPort>): Map<string, number> {
    return new Map(
      [...ports].map(([alias, { name, dtype }]) => {
        const number = this.#numbers.get(name) ?? notLight();
        expect(this.#types[number] === dtype);
        return [alias, number];
      }),
    );
  }
}

/** The graph of a model that is made of ONNX's own operations and dense tensors alone. */
function plainGraph({ graph = notLight(), opsetImport, functions }: ModelProto): GraphProto {
  const [operators = notLight(), ...others] = opsetImport;
  expect(isOwnDomain(operators.domain) && operators.version >= FIRST_OPERATOR_SET && others.length === 0);
  expect(functions.length === 0 && graph.sparseInitializer.length === 0);
  return graph;
}

/** ONNX's own domain has two names. */
function isOwnDomain(domain: string): boolean {
  return domain === "" || domain === "ai.onnx";
}

function lightType(elementNumber = 0): LightType {
  const dtype = elementType(elementNumber)?.dtype;
  return dtype === "float32" || dtype === "float64" ? dtype : notLight();
}

function expect(isLight: boolean): void {
  if (!isLight) {
    notLight();
  }
}

function notLight(): never {
  throw new NotLight();
}
