import { checkTensor, invalidArgument, type Tensor } from "@sealserve/protocol";

/**
 * Rows of a request: the size that the first dimension of every input has. Each tensor's data are held to its shape, or
 * its rows would move into those of other requests (threat E3).
 *
 * @throws ServingError `INVALID_ARGUMENT` with TensorFlow Serving's messages
 * @throws ProtocolError when the data of a tensor do not fit its shape
 */
export function countRows(inputs: ReadonlyMap<string, Tensor>): number {
  let rows: number | undefined;
  for (const tensor of inputs.values()) {
    checkTensor(tensor);
    const [size] = tensor.shape;
    if (size === undefined) {
      throw invalidArgument("Batching Run() input tensors must have at least one dimension");
    }
    if (rows !== undefined && rows !== size) {
      throw invalidArgument("Batching Run() input tensors must have equal 0th-dimension size");
    }
    rows = size;
  }
  if (rows === undefined) {
    throw invalidArgument("Batching Run() must have at least one input tensor");
  }
  return rows;
}
