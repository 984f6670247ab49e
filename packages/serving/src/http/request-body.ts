import type { IncomingMessage } from "node:http";
import type { CallScope } from "../transport/call-scope.ts";
import type { ServingLimits } from "../transport/limits.ts";
import type { MemoryBudget } from "../transport/memory-budget.ts";
import { MessageBuffer } from "../transport/message-buffer.ts";
import { type ByteSink, receiveAll } from "../transport/receive.ts";
import { unpack } from "../transport/unpack.ts";

/** Pieces of a body that are smaller, bytes, are left to the collector. */
const SMALL_PIECE = 1 << 12;

/** The body of a request, once it is asked for. */
export class RequestBody implements ByteSink {
  readonly #request: IncomingMessage;
  readonly #limits: ServingLimits;
  readonly #budget: MemoryBudget;
  #buffer: MessageBuffer | undefined;
  /** Bytes that the unpacked body counts as. */
  #unpacked = 0;

  constructor(request: IncomingMessage, limits: ServingLimits, budget: MemoryBudget) {
    this.#request = request;
    this.#limits = limits;
    this.#budget = budget;
  }

  /**
   * Receives the body; one with a Content-Encoding that contains `gzip` is unpacked, as TensorFlow Serving does. Called once.
   *
   * @throws ServingError when it breaks a limit, comes too slowly or is not gzip as announced
   */
  async receive(scope: CallScope): Promise<Uint8Array> {
    const { "content-length": announced, "content-encoding": encoding } = this.#request.headers;
    const { maxMessageBytes } = this.#limits;
    const length = announced === undefined ? undefined : Number(announced);
    const buffer = new MessageBuffer(length, maxMessageBytes, this.#budget);
    this.#buffer = buffer;
    await receiveAll(this.#request, this, this.#limits, scope);
    const bytes = buffer.take();
    return encoding?.includes("gzip") === true ? await this.#unpack(bytes) : bytes;
  }

  /**
   * Node makes a buffer for each piece of a body. As garbage outside of the collector's heap, those of a few megabytes would have it go through all
   * of the heap.
   */
  append(piece: Uint8Array): void {
    this.#buffer?.append(piece);
    const { buffer, length } = piece;
    if (length >= SMALL_PIECE && buffer instanceof ArrayBuffer && buffer.byteLength === length) {
      buffer.transfer(0);
    }
  }

  /** Gives its memory back; the body must not be used afterwards. */
  release(): void {
    this.#buffer?.release();
    this.#buffer = undefined;
    this.#budget.release(this.#unpacked);
    this.#unpacked = 0;
  }

  async #unpack(packed: Uint8Array): Promise<Uint8Array> {
    const { message, reserved } = await unpack(packed, "gzip", this.#limits, this.#budget);
    this.#buffer?.release();
    this.#buffer = undefined;
    this.#unpacked = reserved;
    return message;
  }
}
