import type { LoadedModel, Signature, SignatureTensor } from "@sealserve/models";
import { type DataType, isNumberData, ServingError, type Tensor } from "@sealserve/protocol";

/** A model whose runs a test sees and holds. */
export interface RowModel extends LoadedModel {
  /** Inputs of the runs that have begun. */
  readonly runs: ReadonlyMap<string, Tensor>[];
  /** Outputs asked for in these. */
  readonly asked: (readonly string[])[];
  readonly signals: (AbortSignal | undefined)[];
  /** Whether their inputs were given away. */
  readonly moves: boolean[];
  /** Runs under way now, and the most there ever were. */
  readonly load: { now: number; most: number };
  /** Awaited by every run. */
  gate: Promise<void>;
  /** Computes the outputs. */
  compute: (inputs: ReadonlyMap<string, Tensor>) => Map<string, Tensor>;
  closed: boolean;
}

const port = (tensorName: string, dtype: DataType, shape?: readonly number[]): SignatureTensor => ({
  dtype,
  shape,
  tensorName,
});

/** Signature `halve`: y = x / 2 + 2 for rows of the declared shape, and n = the same as float64. Signature `echo`: texts. */
export function rowModel(shape: readonly number[] | undefined = [-1]): RowModel {
  const halve: Signature = {
    methodName: "tensorflow/serving/predict",
    inputs: new Map([["x", port("x:0", "float32", shape)]]),
    outputs: new Map([
      ["y", port("y:0", "float32", shape)],
      ["n", port("n:0", "float64", shape)],
    ]),
    defaults: new Map(),
  };
  const echo: Signature = {
    ...halve,
    inputs: new Map([
      ["text", port("text:0", "string")],
      ["number", port("number:0", "int64")],
    ]),
    outputs: new Map([
      ["text", port("text:0", "string")],
      ["number", port("number:0", "int64")],
    ]),
  };
  const model: RowModel = {
    platform: "tensorflow",
    signatures: new Map([
      ["halve", halve],
      ["echo", echo],
    ]),
    signatureDefs: new Map(),
    refusals: new Map(),
    failure: undefined,
    runs: [],
    asked: [],
    signals: [],
    moves: [],
    load: { now: 0, most: 0 },
    gate: Promise.resolve(),
    closed: false,
    compute: computeRows,
    run: async (_signature, given, outputs, { signal, moveInputs = false } = {}) => {
      const inputs = moveInputs ? moveAll(given) : given;
      model.runs.push(inputs);
      model.asked.push(outputs);
      model.signals.push(signal);
      model.moves.push(moveInputs);
      model.load.most = Math.max(model.load.most, ++model.load.now);
      await model.gate;
      model.load.now--;
      return new Map([...model.compute(inputs)].filter(([name]) => outputs.includes(name)));
    },
    close: async () => {
      model.closed = true;
    },
  };
  return model;
}

/** The inputs as an engine gets them: arrays that fill their buffers are gone where they came from. */
function moveAll(inputs: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  return new Map(Array.from(inputs, ([name, tensor]) => [name, { ...tensor, data: move(tensor.data) }]));
}

function move(data: Tensor["data"]): Tensor["data"] {
  const isWhole = isNumberData(data) && data.buffer.byteLength === data.byteLength;
  return isWhole ? structuredClone(data, { transfer: [data.buffer as ArrayBuffer] }) : data;
}

function computeRows(inputs: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const x = inputs.get("x");
  if (x === undefined) {
    return new Map(inputs);
  }
  if (!(x.data instanceof Float32Array)) {
    throw new ServingError("INVALID_ARGUMENT", "Expects arg[0] to be float but another type is provided");
  }
  const y = x.data.map((value) => value / 2 + 2);
  return new Map<string, Tensor>([
    ["y", { ...x, data: y }],
    ["n", { ...x, dtype: "float64", data: Float64Array.from(y) }],
  ]);
}
