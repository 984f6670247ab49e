import { ServingError, type Tensor } from "@sealserve/protocol";

/** Steps over the axes of a tensor without elements: an empty batch of images of 4096 rows and columns has fewer. */
const MAX_STEPS = 2 ** 26;

/**
 * Holds a tensor without elements to sizes that can be gone through. A kernel may go over the axes before the empty one, to which
 * a model may give sizes that a request brings.
 * @throws ServingError `RESOURCE_EXHAUSTED`
 */
export function expectWalkable({ shape, data }: Tensor): void {
  if (data.length > 0 || shape.length < 2) {
    return;
  }
  const steps = shape.reduce((product, size) => product * (size === 0 ? 1 : size), 1);
  if (!(steps <= MAX_STEPS)) {
    throw new ServingError("RESOURCE_EXHAUSTED", "A tensor without elements has other axes that are too large", {
      expected: `at most ${MAX_STEPS} places but for the axes of size 0`,
      actual: `[${shape.join(",")}]`,
    });
  }
}
