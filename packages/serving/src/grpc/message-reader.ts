import { PREFIX_LENGTH, ServingError } from "@sealserve/protocol";
import type { MemoryBudget } from "../transport/memory-budget.ts";
import { MessageBuffer } from "../transport/message-buffer.ts";

/** Takes the one length-prefixed message of a unary request out of its DATA frames. */
export class GrpcMessageReader {
  readonly #limit: number;
  readonly #budget: MemoryBudget;
  readonly #prefix = Buffer.alloc(PREFIX_LENGTH);
  #prefixLength = 0;
  #message: MessageBuffer | undefined;

  /** @param limit largest message, bytes */
  constructor(limit: number, budget: MemoryBudget) {
    this.#limit = limit;
    this.#budget = budget;
  }

  /** Whether the message was sent compressed. Known once it is complete. */
  get compressed(): boolean {
    return this.#prefix[0] === 1;
  }

  /** Takes the bytes of the next DATA frame. @throws ServingError */
  append(chunk: Uint8Array): void {
    const prefixPart = Math.min(PREFIX_LENGTH - this.#prefixLength, chunk.length);
    this.#prefix.set(chunk.subarray(0, prefixPart), this.#prefixLength);
    this.#prefixLength += prefixPart;
    if (this.#prefixLength === PREFIX_LENGTH) {
      this.#message ??= this.#startMessage();
      this.#message.append(chunk.subarray(prefixPart));
    }
  }

  /** The message after the request's end. @throws ServingError `INTERNAL` when it is not exactly one message */
  take(): Uint8Array<ArrayBuffer> {
    if (this.#message === undefined) {
      throw new ServingError("INTERNAL", "The request carries no message");
    }
    return this.#message.take();
  }

  /** Gives the memory back. */
  release(): void {
    this.#message?.release();
  }

  #startMessage(): MessageBuffer {
    if (this.#prefix.readUInt8(0) > 1) {
      throw new ServingError("INTERNAL", "The request's compressed flag is neither 0 nor 1");
    }
    return new MessageBuffer(this.#prefix.readUInt32BE(1), this.#limit, this.#budget);
  }
}
