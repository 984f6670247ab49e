import type { Signature, SignatureTensor } from "@sealserve/models";
import { invalidArgument, ServingError, type Tensor } from "@sealserve/protocol";
import type { BatchTask } from "./batch-task.ts";
import { MAX_PADDED_RANK } from "./pad-dimensions.ts";

/** Tasks of a batch: those that can run together, and those that cannot, with the reason. */
export interface Separated {
  readonly together: readonly BatchTask[];
  readonly refused: readonly BatchTask[];
  readonly reason?: ServingError;
}

/**
 * TensorFlow Serving fails a whole batch when its tensors cannot be put together. Here the tasks that fit the signature's
 * declared shapes still run when they agree among themselves, so that one requester's odd shape does not fail the others.
 *
 * @param signature names the inputs that every task has
 */
export function separateShapes(
  tasks: readonly BatchTask[],
  signature: Signature,
  padVariableLength: boolean,
): Separated {
  const unlike = findUnlike(tasks, signature, padVariableLength);
  if (unlike === undefined) {
    return { together: tasks, refused: [] };
  }
  const reason = padVariableLength ? cannotPad(unlike) : differ(unlike);
  const fitting = tasks.filter(({ inputs }) =>
    Array.from(signature.inputs).every(([name, declared]) => fits(inputs.get(name), declared)),
  );
  return findUnlike(fitting, signature, padVariableLength) === undefined
    ? { together: fitting, refused: tasks.filter((task) => !fitting.includes(task)), reason }
    : { together: [], refused: tasks, reason };
}

/** The first input whose tensors cannot be put together. */
function findUnlike(
  tasks: readonly BatchTask[],
  signature: Signature,
  padVariableLength: boolean,
): SignatureTensor | undefined {
  const alike = padVariableLength ? sameRank : sameRow;
  for (const [name, declared] of signature.inputs) {
    const [first, ...others] = tasks.map(({ inputs }) => inputs.get(name)?.shape ?? []);
    if (first !== undefined && !others.every((shape) => alike(shape, first))) {
      return declared;
    }
  }
  return undefined;
}

function sameRow(shape: readonly number[], other: readonly number[]): boolean {
  return shape.length === other.length && shape.every((size, index) => index === 0 || size === other[index]);
}

/** Tensors of more dimensions than can be padded must agree in all. */
function sameRank(shape: readonly number[], other: readonly number[]): boolean {
  return shape.length === other.length && (shape.length <= MAX_PADDED_RANK || sameRow(shape, other));
}

function fits(tensor: Tensor | undefined, { shape }: SignatureTensor): boolean {
  return (
    shape === undefined ||
    (tensor?.shape.length === shape.length &&
      shape.every((size, index) => index === 0 || size === -1 || size === tensor.shape[index]))
  );
}

function differ({ tensorName }: SignatureTensor): ServingError {
  return new ServingError(
    "FAILED_PRECONDITION",
    `Tensors with name '${tensorName}' from different tasks have different shapes and padding is turned off. ` +
      "Set pad_variable_length_inputs to true, or ensure that all tensors with the same name have equal dimensions " +
      "starting with the first dim.",
  );
}

function cannotPad({ tensorName }: SignatureTensor): ServingError {
  return invalidArgument(
    `Tensors with name '${tensorName}' from different tasks cannot be padded: ` +
      `only tensors of equal rank, from 1 to ${MAX_PADDED_RANK}, can be padded.`,
  );
}
