import { messageLength, PREFIX_LENGTH, ServingError } from "@sealserve/protocol";
import type { MemoryBudget } from "../transport/memory-budget.ts";
import { MessageBuffer } from "../transport/message-buffer.ts";

/** Takes one length-prefixed message out of the DATA frames of a request. */
export class GrpcMessageReader {
  readonly #limit: number;
  readonly #budget: MemoryBudget;
  /** Of a prefix that comes in pieces. */
  #prefix: Buffer | undefined;
  #prefixLength = 0;
  #flag = 0;
  #message: MessageBuffer | undefined;

  /** @param limit largest message, bytes */
  constructor(limit: number, budget: MemoryBudget) {
    this.#limit = limit;
    this.#budget = budget;
  }

  /** Whether the message was sent compressed. Known once it is complete. */
  get compressed(): boolean {
    return this.#flag === 1;
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
    const prefixPart = this.#message === undefined ? this.#takePrefix(chunk) : 0;
    this.#message?.append(prefixPart === 0 ? chunk : chunk.subarray(prefixPart));
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

  /** Reads the prefix, or collects it. @returns how many of the bytes belong to it */
  #takePrefix(chunk: Uint8Array): number {
    if (this.#prefixLength === 0 && chunk.length >= PREFIX_LENGTH) {
      this.#prefixLength = PREFIX_LENGTH;
      this.#message = this.#startMessage(chunk);
      return PREFIX_LENGTH;
    }
    const prefix = this.#prefix ?? Buffer.alloc(PREFIX_LENGTH);
    this.#prefix = prefix;
    const part = Math.min(PREFIX_LENGTH - this.#prefixLength, chunk.length);
    prefix.set(chunk.subarray(0, part), this.#prefixLength);
    this.#prefixLength += part;
    if (this.#prefixLength === PREFIX_LENGTH) {
      this.#message = this.#startMessage(prefix);
    }
    return part;
  }

  #startMessage(prefix: Uint8Array): MessageBuffer {
    const flag = prefix[0] as number;
    if (flag > 1) {
      throw new ServingError("INTERNAL", "The request's compressed flag is neither 0 nor 1");
    }
    this.#flag = flag;
    return new MessageBuffer(messageLength(prefix), this.#limit, this.#budget);
  }
}
