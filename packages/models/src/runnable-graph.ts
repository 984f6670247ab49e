import type { DataType } from "@sealserve/protocol";

/** Where a signature's tensor enters or leaves an engine's graph. */
export interface GraphPort {
  /** Name of the graph's input or output. */
  readonly name: string;
  readonly dtype: DataType;
  /** Its place among the graph's inputs or outputs, by which TensorFlow's messages number arguments. */
  readonly position: number;
}

/** An encoded ONNX model for one signature, and its ports by the signature's names. */
export interface RunnableGraph {
  readonly model: Uint8Array;
  /** Two names may mean one port: the later one in this order then counts. */
  readonly inputs: ReadonlyMap<string, GraphPort>;
  readonly outputs: ReadonlyMap<string, GraphPort>;
}
