import { isMarkedAsUntransferable, type Transferable } from "node:worker_threads";
import { unpackTensors } from "@sealserve/models";
import {
  defaultJsonLimits,
  type ExamplesBody,
  type PredictBody,
  type RestInferRequest,
  ServingError,
} from "@sealserve/protocol";
import { clientNetwork } from "@sealserve/ra-tls";
import type { DecodeOptions, SignatureLookup } from "./body-decoder.ts";
import type { BodyKind, DecodeMessage, DecodeReply } from "./messages.ts";

/** A message to the decoding thread, and the buffers that are moved with it. */
export interface Outgoing {
  readonly message: DecodeMessage;
  readonly buffers: readonly Transferable[];
}

/** What a body becomes. */
export type DecodedBody = PredictBody | ExamplesBody | RestInferRequest;

/** One body on its way through the decoding thread. */
export class DecodeJob {
  readonly result: Promise<DecodedBody>;
  readonly #settle = Promise.withResolvers<DecodedBody>();
  readonly #kind: BodyKind;
  readonly #signature: SignatureLookup | undefined;
  readonly #options: DecodeOptions;
  #body: Uint8Array | undefined;

  /** @param signature of a predict call */
  constructor(kind: BodyKind, body: Uint8Array, options: DecodeOptions, signature?: SignatureLookup) {
    this.#kind = kind;
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

  /** Network of its requester; empty where there is none. */
  get network(): string {
    return clientNetwork(this.#options.address);
  }

  /** Most nodes that its JSON may have. */
  get maxNodes(): number {
    return this.#options.limits?.maxNodes ?? defaultJsonLimits.maxNodes;
  }

  /** Bytes of the body. */
  get size(): number {
    return this.#body?.length ?? 0;
  }

  /** Whether nobody waits for it any more. */
  get isOver(): boolean {
    return this.#options.signal.aborted;
  }

  /** The first message; called once. @param maxMemoryBytes memory that its values may take */
  begin(maxMemoryBytes: number): Outgoing {
    const body = this.#body ?? new Uint8Array();
    this.#body = undefined;
    const { buffer } = body;
    const limits = { ...this.#options.limits, maxMemoryBytes };
    // What does not belong to this body alone is copied.
    const moved = buffer instanceof ArrayBuffer && !isMarkedAsUntransferable(buffer) ? [buffer] : [];
    return { message: { ...this.#kind, body, limits }, buffers: moved };
  }

  /** Takes a reply of the thread. @returns what to say to it; undefined when it was its last word */
  take(reply: DecodeReply): Outgoing | undefined {
    switch (reply.kind) {
      case "signature":
        return { message: { kind: "signature", signature: this.#lookUp(reply.signatureName) }, buffers: [] };
      case "predict":
      case "infer":
        this.#settle.resolve({ ...reply.body, inputs: unpackTensors(reply.body.inputs) });
        return undefined;
      case "examples":
        this.#settle.resolve(reply.body);
        return undefined;
      case "refused":
        this.fail(refusalOf(reply));
        return undefined;
      case "dropped":
      case "spent":
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
