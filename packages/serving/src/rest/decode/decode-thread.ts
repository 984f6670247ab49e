import { Worker } from "node:worker_threads";
import { type ExamplesBody, type PredictBody, type RestInferRequest, ServingError } from "@sealserve/protocol";
import type { Log } from "../../log.ts";
import type { MemoryBudget } from "../../transport/memory-budget.ts";
import { type BodyDecoder, type DecodeOptions, directDecoder, type SignatureLookup } from "./body-decoder.ts";
import { type DecodedBody, DecodeJob, type Outgoing } from "./decode-job.ts";
import { FairQueue } from "./fair-queue.ts";
import type { DecodeReply } from "./messages.ts";

/** Bodies from this size on, bytes, go to the thread: a smaller one is decoded in less time than an answer may wait. */
export const LARGE_BODY = 1 << 18;
/** Most bodies that wait for the thread. */
const MAX_WAITING = 256;
/** Most memory, for each byte of JSON, that its numbers and then its tensors take. */
const MEMORY_FACTOR = 32;
/** Bytes of JSON for each node of the shortest, `"",` with a node for the string and one for its place, and memory of a node. */
const LEAST_NODE_JSON = 1.5;
const NODE_MEMORY = 256;
/** How much of the memory the values may take, before they are tensors. */
const VALUES_PART = 0.75;
/** Time for one body, milliseconds: some, and more for each byte. The worst that is known takes 4 seconds. */
const DECODE_MS = 5000;
const DECODE_MS_PER_BYTE = 1e-3;
/** More time for the body that the thread is started for, milliseconds: on a busy machine its program takes long to load. */
const START_MS = 20_000;
/** How much longer a body is worked on that nobody waits for any more, milliseconds: most are done by then, at less cost than a new thread's. */
const GIVEN_UP_MS = 500;
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
  /** Time for a body of no length, milliseconds. */
  readonly decodeMs?: number;
  /** More time for a body that the thread is started for, milliseconds. */
  readonly startMs?: number;
  /** What the thread runs. */
  readonly program?: URL;
}

/**
 * Decodes large bodies in a thread of their own, one after the other, so that no other call waits for one; small ones on the
 * thread that asks. Requesters take turns, by their addresses. A thread that dies, or is ended because a body takes too long,
 * takes that body with it and is replaced.
 */
export class DecodeThread implements BodyDecoder {
  readonly #options: DecodeThreadOptions;
  readonly #waiting: FairQueue<DecodeJob>;
  #current: DecodeJob | undefined;
  /** Ends the thread when the current body takes too long. */
  #limit: NodeJS.Timeout | undefined;
  #isLate = false;
  /** Whether the thread is on its way to its end, where no other body may be sent. */
  #isEnding = false;
  #reserved = 0;
  #worker: Worker | undefined;
  #closed = false;

  constructor(options: DecodeThreadOptions) {
    this.#options = options;
    this.#waiting = new FairQueue(options.maxWaiting ?? MAX_WAITING);
  }

  predict(body: Uint8Array, signature: SignatureLookup, options: DecodeOptions): PredictBody | Promise<PredictBody> {
    return body.length < LARGE_BODY
      ? directDecoder.predict(body, signature, options)
      : (this.#enqueue(new DecodeJob({ kind: "predict" }, body, options, signature)) as Promise<PredictBody>);
  }

  examples(body: Uint8Array, options: DecodeOptions): ExamplesBody | Promise<ExamplesBody> {
    return body.length < LARGE_BODY
      ? directDecoder.examples(body, options)
      : (this.#enqueue(new DecodeJob({ kind: "examples" }, body, options)) as Promise<ExamplesBody>);
  }

  /** Binary data behind the JSON takes next to no time: only the JSON counts. */
  infer(
    body: Uint8Array,
    jsonLength: number | undefined,
    options: DecodeOptions,
  ): RestInferRequest | Promise<RestInferRequest> {
    return (jsonLength ?? body.length) < LARGE_BODY
      ? directDecoder.infer(body, jsonLength, options)
      : (this.#enqueue(new DecodeJob({ kind: "infer", jsonLength }, body, options)) as Promise<RestInferRequest>);
  }

  /** Ends the thread; bodies that are not decoded yet are refused. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const job of [this.#current, ...this.#waiting.clear()]) {
      job?.fail(new ServingError("UNAVAILABLE", "The server is stopping"));
    }
    await this.#worker?.terminate();
  }

  #enqueue(job: DecodeJob): Promise<DecodedBody> {
    if (this.#closed) {
      job.fail(new ServingError("UNAVAILABLE", "The server is stopping"));
      return job.result;
    }
    job.result.catch(() => this.#waiting.remove(job.network, job));
    this.#waiting
      .add(job.network, job)
      ?.fail(new ServingError("RESOURCE_EXHAUSTED", "Too many large requests wait to be read; try again later"));
    this.#next();
    return job.result;
  }

  #next(): void {
    while (this.#current === undefined && !this.#closed && !this.#isEnding) {
      const job = this.#waiting.next();
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
    const { budget, decodeMs = DECODE_MS, startMs = START_MS } = this.#options;
    const nodes = Math.min(job.maxNodes, Math.ceil(job.size / LEAST_NODE_JSON));
    const reserved = budget.reservePart(job.size * MEMORY_FACTOR + nodes * NODE_MEMORY);
    const limitMs = decodeMs + job.size * DECODE_MS_PER_BYTE + (this.#worker === undefined ? startMs : 0);
    try {
      this.#send(job.begin(reserved * VALUES_PART));
      this.#current = job;
      this.#reserved = reserved;
      this.#limitTo(limitMs);
      job.result.catch(() => this.#hurry(job, performance.now() + limitMs));
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
    worker.on("messageerror", () => this.#endThread());
    let cause: unknown;
    worker.on("error", (error: unknown) => {
      this.#isEnding = true;
      cause = error;
    });
    worker.once("exit", () => this.#ended(cause));
    return worker;
  }

  #take(reply: DecodeReply): void {
    if (reply.kind === "spent") {
      this.#options.budget.blocks.give(new Uint8Array(reply.buffer));
      return;
    }
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

  #limitTo(milliseconds: number): void {
    clearTimeout(this.#limit);
    this.#limit = setTimeout(() => this.#endLate(), milliseconds).unref();
  }

  /** Those that wait for their turn do not wait for a body that was given up. */
  #hurry(job: DecodeJob, limitAt: number): void {
    if (this.#current === job && job.isOver) {
      this.#limitTo(Math.min(GIVEN_UP_MS, limitAt - performance.now()));
    }
  }

  /** Whatever the thread is busy with, nobody waits behind it for longer. */
  #endLate(): void {
    this.#isLate = true;
    this.#endThread();
  }

  /** What it has said by then is still heard. */
  #endThread(): void {
    this.#isEnding = true;
    void this.#worker?.terminate();
  }

  #finish(): void {
    clearTimeout(this.#limit);
    this.#options.budget.release(this.#reserved);
    this.#reserved = 0;
    this.#current = undefined;
    this.#next();
  }

  #ended(cause: unknown): void {
    this.#worker = undefined;
    const late = new ServingError("RESOURCE_EXHAUSTED", "The request takes too long to read");
    // The last word on the body that took too long may have come on the way to the end.
    const isNobodys = this.#current === undefined ? this.#isLate : this.#current.isOver;
    if (!this.#closed && !isNobodys) {
      this.#refuse(this.#current, this.#isLate ? late : cause);
    }
    this.#isLate = false;
    this.#isEnding = false;
    this.#finish();
  }

  #refuse(job: DecodeJob | undefined, cause: unknown): void {
    this.#options.log("decoding-failed", { code: codeOf(cause) });
    job?.fail(cause instanceof ServingError ? cause : new ServingError("INTERNAL", "Internal error"));
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? String(cause.code) : "internal";
}
