import { REGRESS_METHOD } from "@sealserve/models";
import { dataTypeProtoName, invalidArgument, type RegressionResult, type Tensor } from "@sealserve/protocol";
import { EXAMPLES_INPUT, type ExampleMethod, type NamedSignature, shapeText, signatureText } from "./example-method.ts";

const VALUES_OUTPUT = "outputs";

/** One number for each example. */
export const regression: ExampleMethod<RegressionResult> = {
  name: REGRESS_METHOD,
  noun: "regression",
  chooseOutputs,
  readResult: (outputs, count) => {
    const values = outputs.get(VALUES_OUTPUT);
    if (values === undefined) {
      throw invalidArgument(`Could not find output tensor '${VALUES_OUTPUT}'`);
    }
    checkValues(values, count);
    return { regressions: Array.from({ length: count }, (_, example) => ({ value: Number(values.data[example]) })) };
  },
};

function chooseOutputs(named: NamedSignature): readonly string[] {
  const { inputs, outputs } = named.signature;
  if (outputs.size !== 1) {
    throw invalidArgument("Expected one output Tensor.");
  }
  if (!inputs.has(EXAMPLES_INPUT)) {
    throw invalidArgument(`No regression inputs found in SignatureDef: ${signatureText(named)}`);
  }
  if (!outputs.has(VALUES_OUTPUT)) {
    throw invalidArgument(`No regression outputs found in SignatureDef: ${signatureText(named)}`);
  }
  return [VALUES_OUTPUT];
}

function checkValues({ dtype, shape }: Tensor, count: number): void {
  if (shape.length !== 1 && !(shape.length === 2 && shape[1] === 1)) {
    const expected = "[batch_size] or [batch_size, 1]";
    throw invalidArgument(`Expected output Tensor shape to be either ${expected} but got ${shapeText(shape)}`);
  }
  if (shape[0] !== count) {
    throw invalidArgument(`Input batch size did not match output batch size: ${count} vs. ${shape[0]}`);
  }
  if (dtype !== "float32") {
    throw invalidArgument(`Expected output Tensor of DT_FLOAT.  Got: ${dataTypeProtoName(dtype)}`);
  }
}
