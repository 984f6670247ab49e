import { PREFIX_LENGTH, ServingError } from "@sealserve/protocol";
import type { MemoryBudget } from "../transport/memory-budget.ts";
import { MessageBuffer } from "../transport/message-buffer.ts";

/** Takes one length-prefixed message out of the DATA frames of a request. */
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

  /** Bytes up to the end of the prefix, or behind that of the message: 0 when it is complete. */
  get missing(): number {
    return this.#message?.missing ?? PREFIX_LENGTH - this.#prefixLength;
  }

  /** Whether nothing has come yet. */
  get empty(): boolean {
    return this.#prefixLength === 0;
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
