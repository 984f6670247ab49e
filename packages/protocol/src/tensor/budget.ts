import { ProtocolError } from "../errors.ts";

/**
 * Memory that tensors may take without the sender having sent it. TensorProto repeats the last value, or zero, up to the
 * size of the shape: without a limit twenty bytes ask for gigabytes. One budget serves all tensors of a message.
 */
export class FillBudget {
  #left: number;

  /** @param bytes 64 MiB unless told otherwise */
  constructor(bytes = 2 ** 26) {
    this.#left = bytes;
  }

  /** Notes that `bytes` are about to be filled in. @throws ProtocolError `too-large` */
  take(bytes: number): void {
    if (bytes > this.#left) {
      throw new ProtocolError("too-large", "tensor shape is far larger than the values that were sent", {
        expected: `at most ${this.#left} bytes of repeated values`,
        actual: `${bytes} bytes`,
      });
    }
    this.#left -= bytes;
  }
}
