import { CLASSIFY_METHOD } from "@sealserve/models";
import {
  type Class,
  type ClassificationResult,
  type DataType,
  dataTypeProtoName,
  invalidArgument,
  type Tensor,
} from "@sealserve/protocol";
import { EXAMPLES_INPUT, type ExampleMethod, type NamedSignature, shapeText, signatureText } from "./example-method.ts";

const CLASSES_OUTPUT = "classes";
const SCORES_OUTPUT = "scores";

/** Classes of each example with their scores; a model may give only one of the two. */
export const classification: ExampleMethod<ClassificationResult> = {
  name: CLASSIFY_METHOD,
  noun: "classification",
  chooseOutputs,
  readResult: (outputs, count) => {
    const labels = checkOutput(outputs, CLASSES_OUTPUT, "string", count);
    const scores = checkOutput(outputs, SCORES_OUTPUT, "float32", count);
    if (labels !== undefined && scores !== undefined && labels.shape[1] !== scores.shape[1]) {
      const found = `${labels.shape[1]} vs. ${scores.shape[1]}`;
      throw invalidArgument(`Tensors class and score should match in dim_size(1). Got ${found}`);
    }
    const classCount = (labels ?? scores)?.shape[1] ?? 0;
    const classifications = Array.from({ length: count }, (_, example) => ({
      classes: readClasses(labels, scores, example * classCount, classCount),
    }));
    return { classifications };
  },
};

function chooseOutputs(named: NamedSignature): readonly string[] {
  const { inputs, outputs } = named.signature;
  if (outputs.size !== 1 && outputs.size !== 2) {
    throw invalidArgument(`Expected one or two output Tensors, found ${outputs.size}`);
  }
  if (!inputs.has(EXAMPLES_INPUT)) {
    throw invalidArgument(`No classification inputs found in SignatureDef: ${signatureText(named)}`);
  }
  const known = [CLASSES_OUTPUT, SCORES_OUTPUT].filter((name) => outputs.has(name));
  if (known.length === 0) {
    const expected = `at least one of "${CLASSES_OUTPUT}" or "${SCORES_OUTPUT}"`;
    const text = signatureText(named);
    throw invalidArgument(`Expected classification signature outputs to contain ${expected}. Signature was: ${text}`);
  }
  return known;
}

function checkOutput(
  outputs: ReadonlyMap<string, Tensor>,
  name: string,
  dtype: DataType,
  count: number,
): Tensor | undefined {
  const tensor = outputs.get(name);
  if (tensor === undefined) {
    return undefined;
  }
  if (tensor.shape.length !== 2) {
    throw invalidArgument(`Expected Tensor shape: [batch_size num_classes] but got ${shapeText(tensor.shape)}`);
  }
  if (tensor.dtype !== dtype) {
    const [expected, found] = [dataTypeProtoName(dtype), dataTypeProtoName(tensor.dtype)];
    throw invalidArgument(`Expected ${name} Tensor of ${expected}. Got: ${found}`);
  }
  if (tensor.shape[0] !== count) {
    throw invalidArgument(`Expected ${name} output batch size of ${count}. Got: ${tensor.shape[0]}`);
  }
  return tensor;
}

function readClasses(labels: Tensor | undefined, scores: Tensor | undefined, from: number, count: number): Class[] {
  return Array.from({ length: count }, (_, index) => ({
    label: (labels?.data[from + index] as Uint8Array | undefined) ?? new Uint8Array(),
    score: Number(scores?.data[from + index] ?? 0),
  }));
}
