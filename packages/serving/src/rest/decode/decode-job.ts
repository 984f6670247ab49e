import { isMarkedAsUntransferable, type Transferable } from "node:worker_threads";
import { unpackTensors } from "@sealserve/models";
import { type ExamplesBody, type PredictBody, ServingError } from "@sealserve/protocol";
import type { DecodeOptions, SignatureLookup } from "./body-decoder.ts";
import type { DecodeMessage, DecodeReply, DecodeRequest } from "./messages.ts";

/** A message to the decoding thread, and the buffers that are moved with it. */
export interface Outgoing {
  readonly message: DecodeMessage;
  readonly buffers: readonly Transferable[];
}

/** One body on its way through the decoding thread. */
export class DecodeJob {
  readonly result: Promise<PredictBody | ExamplesBody>;
  readonly #settle = Promise.withResolvers<PredictBody | ExamplesBody>();
  readonly #kind: DecodeRequest["kind"];
  readonly #signature: SignatureLookup | undefined;
  readonly #options: DecodeOptions;
  #body: Uint8Array | undefined;

  /** @param signature undefined for examples */
  constructor(body: Uint8Array, signature: SignatureLookup | undefined, options: DecodeOptions) {
    this.#kind = signature === undefined ? "examples" : "predict";
    this.#body = body;
    this.#signature = signature;
    this.#options = options;
    const { signal } = options;
    const given = (): void => this.fail(signal.reason);
    if (signal.aborted) {
      given();
    }
    signal.addEventListener("abort", given);
    this.result = this.#settle.promise.finally(() => signal.removeEventListener("abort", given));
  }

  /** Bytes of the body. */
  get size(): number {
    return this.#body?.length ?? 0;
  }

  /** Whether nobody waits for it any more. */
  get isOver(): boolean {
    return this.#options.signal.aborted;
  }

  /** The first message; called once. @param maxNumberBytes memory that its numbers may take */
  begin(maxNumberBytes: number): Outgoing {
    const body = this.#body ?? new Uint8Array();
    this.#body = undefined;
    const { buffer } = body;
    const limits = { ...this.#options.limits, maxNumberBytes };
    // What does not belong to this body alone is copied.
    const moved = buffer instanceof ArrayBuffer && !isMarkedAsUntransferable(buffer) ? [buffer] : [];
    return { message: { kind: this.#kind, body, limits }, buffers: moved };
  }

  /** Takes a reply of the thread. @returns what to say to it; undefined when it was its last word */
  take(reply: DecodeReply): Outgoing | undefined {
    switch (reply.kind) {
      case "signature":
        return { message: { kind: "signature", signature: this.#lookUp(reply.signatureName) }, buffers: [] };
      case "predict":
        this.#settle.resolve({ ...reply.body, inputs: unpackTensors(reply.body.inputs) });
        return undefined;
      case "examples":
        this.#settle.resolve(reply.body);
        return undefined;
      case "refused":
        this.fail(refusalOf(reply));
        return undefined;
      case "dropped":
      default:
        return undefined;
    }
  }

  fail(reason: unknown): void {
    this.#settle.reject(reason);
  }

  #lookUp(name: string): ReturnType<SignatureLookup> | undefined {
    try {
      return this.isOver ? undefined : this.#signature?.(name);
    } catch (error) {
      this.fail(error);
      return undefined;
    }
  }
}

function refusalOf({ code, message }: Extract<DecodeReply, { kind: "refused" }>): ServingError {
  return new ServingError(code === "OK" ? "INTERNAL" : code, message);
}
