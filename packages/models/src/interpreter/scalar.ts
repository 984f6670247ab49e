import { invalidArgument, isNumberData, type Tensor } from "@sealserve/protocol";

/**
 * The one number of a tensor, which counts as a scalar when it is one or a vector of one.
 * @param what names it in messages
 * @throws ServingError `INVALID_ARGUMENT`
 */
export function wholeNumber(tensor: Tensor | undefined, what: string): number {
  const value = tensor !== undefined && isNumberData(tensor.data) ? Number(tensor.data[0]) : Number.NaN;
  if (tensor?.data.length !== 1 || !Number.isSafeInteger(value)) {
    throw invalidArgument(`${what} must be one whole number`);
  }
  return value;
}
