import { Worker } from "node:worker_threads";
import { type ExamplesBody, type PredictBody, ServingError } from "@sealserve/protocol";
import type { Log } from "../../log.ts";
import type { MemoryBudget } from "../../transport/memory-budget.ts";
import { type BodyDecoder, type DecodeOptions, directDecoder, type SignatureLookup } from "./body-decoder.ts";
import { DecodeJob, type Outgoing } from "./decode-job.ts";
import type { DecodeReply } from "./messages.ts";

/** Bodies from this size on, bytes, go to the thread: a smaller one is decoded in less time than an answer may wait. */
export const LARGE_BODY = 1 << 18;
/** Most bodies that wait for the thread. */
const MAX_WAITING = 256;
/** Most memory, for each byte of JSON, that its numbers and then its tensors take. */
const MEMORY_FACTOR = 32;
/** How much of it the numbers may take. */
const NUMBERS_PART = 0.75;
/**
 * Heap of the thread: more than lists, objects and strings as many as they may be can take, since V8 can end the whole process
 * when a thread comes to its limit.
 */
const ELEMENT_BYTES = 512;
const HEAP_MIB = 256;
const MIB = 1 << 20;

/** The thread's program stands beside this file: compiled, or as source where Node runs the sources. */
const program = new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js", import.meta.url);

/** What a {@link DecodeThread} is made with. */
export interface DecodeThreadOptions {
  readonly maxElements: number;
  readonly budget: MemoryBudget;
  readonly log: Log;
  /** Most bodies that wait. */
  readonly maxWaiting?: number;
  /** What the thread runs. */
  readonly program?: URL;
}

/**
 * Decodes large bodies in a thread of their own, one after the other, so that no other call waits for one; small ones on the
 * thread that asks. A thread that dies takes the body it works on with it and is replaced.
 */
export class DecodeThread implements BodyDecoder {
  readonly #options: DecodeThreadOptions;
  readonly #waiting: DecodeJob[] = [];
  #current: DecodeJob | undefined;
  #reserved = 0;
  #worker: Worker | undefined;
  #closed = false;

  constructor(options: DecodeThreadOptions) {
    this.#options = options;
  }

  predict(body: Uint8Array, signature: SignatureLookup, options: DecodeOptions): PredictBody | Promise<PredictBody> {
    return body.length < LARGE_BODY
      ? directDecoder.predict(body, signature, options)
      : (this.#enqueue(new DecodeJob(body, signature, options)) as Promise<PredictBody>);
  }

  examples(body: Uint8Array, options: DecodeOptions): ExamplesBody | Promise<ExamplesBody> {
    return body.length < LARGE_BODY
      ? directDecoder.examples(body, options)
      : (this.#enqueue(new DecodeJob(body, undefined, options)) as Promise<ExamplesBody>);
  }

  /** Ends the thread; bodies that are not decoded yet are refused. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const job of [this.#current, ...this.#waiting.splice(0)]) {
      job?.fail(new ServingError("UNAVAILABLE", "The server is stopping"));
    }
    await this.#worker?.terminate();
  }

  #enqueue(job: DecodeJob): Promise<PredictBody | ExamplesBody> {
    const { maxWaiting = MAX_WAITING } = this.#options;
    if (this.#closed) {
      job.fail(new ServingError("UNAVAILABLE", "The server is stopping"));
    } else if (this.#waiting.length >= maxWaiting) {
      job.fail(new ServingError("RESOURCE_EXHAUSTED", "Too many large requests wait to be read; try again later"));
    } else {
      this.#waiting.push(job);
      job.result.catch(() => this.#withdraw(job));
      this.#next();
    }
    return job.result;
  }

  /** One that has failed before its turn. */
  #withdraw(job: DecodeJob): void {
    const place = this.#waiting.indexOf(job);
    if (place >= 0) {
      this.#waiting.splice(place, 1);
    }
  }

  #next(): void {
    while (this.#current === undefined && !this.#closed) {
      const job = this.#waiting.shift();
      if (job === undefined) {
        return;
      }
      if (!job.isOver) {
        this.#begin(job);
      }
    }
  }

  /** The system may have no thread to give, which must not stop the bodies behind this one. */
  #begin(job: DecodeJob): void {
    const { budget } = this.#options;
    const reserved = budget.reservePart(job.size * MEMORY_FACTOR);
    try {
      this.#send(job.begin(reserved * NUMBERS_PART));
      this.#current = job;
      this.#reserved = reserved;
    } catch (cause) {
      budget.release(reserved);
      this.#refuse(job, cause);
    }
  }

  #send({ message, buffers }: Outgoing): void {
    this.#worker ??= this.#start();
    this.#worker.postMessage(message, buffers);
  }

  #start(): Worker {
    const heapMb = HEAP_MIB + Math.ceil((this.#options.maxElements * ELEMENT_BYTES) / MIB);
    const worker = new Worker(this.#options.program ?? program, {
      name: "sealserve-json",
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: heapMb },
    });
    worker.unref();
    worker.on("message", (reply: DecodeReply) => this.#take(reply));
    worker.on("messageerror", () => void worker.terminate());
    let cause: unknown;
    worker.on("error", (error: unknown) => {
      cause = error;
    });
    worker.once("exit", () => this.#ended(cause));
    return worker;
  }

  #take(reply: DecodeReply): void {
    if (reply.kind === "refused" && reply.code === "INTERNAL") {
      this.#options.log("decoding-failed", { code: "internal" });
    }
    const answer = this.#current?.take(reply);
    if (answer === undefined) {
      this.#finish();
    } else {
      this.#send(answer);
    }
  }

  #finish(): void {
    this.#options.budget.release(this.#reserved);
    this.#reserved = 0;
    this.#current = undefined;
    this.#next();
  }

  #ended(cause: unknown): void {
    this.#worker = undefined;
    if (!this.#closed) {
      this.#refuse(this.#current, cause);
    }
    this.#finish();
  }

  #refuse(job: DecodeJob | undefined, cause: unknown): void {
    this.#options.log("decoding-failed", { code: codeOf(cause) });
    job?.fail(new ServingError("INTERNAL", "Internal error"));
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? String(cause.code) : "internal";
}
