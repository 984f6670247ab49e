import { existsSync } from "node:fs";
import { Worker } from "node:worker_threads";

import { ModelError } from "../errors.ts";
import type { EngineMessage, EngineReply, EngineRequest, EngineRun, ModelDescription, ModelLoad } from "./messages.ts";
import { Outbox } from "./outbox.ts";
import { buffersOf, type PackedTensor } from "./packed-tensor.ts";
import { type Parcel, packParcel, unpackParcel } from "./parcel.ts";
import { fromPlainError } from "./plain-error.ts";
import { Shipments } from "./shipments.ts";
import { disableTelemetry } from "./telemetry.ts";
import { Watchdog } from "./watchdog.ts";

const program = findProgram();

/**
 * As many messages lie at the thread at most: one that it serves and one for when that is done. What is asked meanwhile
 * gathers for the next message, since waking the other thread costs more than what a small model does.
 */
const MAX_SHIPMENTS = 2;

/**
 * Time that one run may take, milliseconds: longer than all of a plan may, since what the engine does in one step is looked at
 * from outside only.
 */
const MAX_RUN_MS = 300_000;
/** Time that loading a model may take, milliseconds, unless stated: a model of 2.4 GB takes some ten seconds. */
const MAX_LOAD_MS = 600_000;

let stuckCount = 0;

/** How many threads of this process do not come back out of the engine, each with its memory and mostly with a processor. */
export function stuckThreads(): number {
  return stuckCount;
}

/** How to load a model. */
export interface EngineLoadOptions {
  /** Once it is aborted, what is left of the load is not begun, and the files are overwritten. */
  readonly signal?: AbortSignal | undefined;
  /** Time that it may take, milliseconds; then the thread is given up. */
  readonly maxMs?: number | undefined;
}

type Unnumbered<T> = T extends unknown ? Omit<T, "id"> : never;
type ReplyOf<K extends EngineReply["kind"]> = Extract<EngineReply, { kind: K }>;

interface Waiting {
  readonly resolve: (reply: EngineReply) => void;
  readonly reject: (reason: unknown) => void;
}

/** A thread that reads a model and runs it by `onnxruntime`: both would block the thread that calls for them. */
export class EngineThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #exited: Promise<void>;
  readonly #outbox = new Outbox<EngineMessage>({
    send: (messages, buffers) => {
      this.#worker.postMessage(packParcel(messages), buffers);
      this.#shipments.sent(messages.map(({ id }) => id).filter((id) => this.#waiting.has(id)));
    },
    refuse: ({ id }, cause) => this.#refuse(id, cause),
  });
  readonly #shipments = new Shipments();
  readonly #watchdog: Watchdog;
  /** Runs that the thread has not answered. */
  readonly #runs = new Set<number>();
  #flushing = false;
  #lastId = 0;
  #closing = false;
  /** Why nothing can be asked any more. */
  #end: ModelError | undefined;
  /** Whether the thread does not come back out of the engine: what ends it cannot be waited for. */
  #stuck = false;

  /** @param maxRunMs time that one run may take; then the thread is given up */
  constructor(maxRunMs = MAX_RUN_MS) {
    this.#watchdog = new Watchdog(maxRunMs, () => this.#giveUp(`a run has taken more than ${maxRunMs} ms`));
    disableTelemetry();
    this.#worker = new Worker(program, { name: "sealserve-engine", execArgv: [] });
    this.#worker.on("message", (parcel: Parcel) => this.#settle(unpackParcel(parcel)));
    for (const event of ["error", "messageerror"] as const) {
      this.#worker.on(event, (cause: unknown) => {
        this.#endWith(new ModelError("engine-failed", "the engine's thread has failed", { cause }));
        void this.#worker.terminate();
      });
    }
    this.#exited = new Promise((resolve) => {
      this.#worker.once("exit", () => {
        stuckCount -= this.#stuck ? 1 : 0;
        this.#endWith(
          this.#closing
            ? new ModelError("closed", "the engine has ended")
            : new ModelError("engine-failed", "the engine's thread has ended by itself"),
        );
        resolve();
      });
    });
  }

  /** Why the thread is gone although nobody closed it. */
  get failure(): ModelError | undefined {
    return this.#end?.code === "closed" ? undefined : this.#end;
  }

  /** @throws ModelError `engine-failed`, `engine-stuck`, `closed` */
  expectRunning(): void {
    if (this.#end !== undefined) {
      throw this.#end;
    }
  }

  /**
   * Loads a model; called once. The buffers of files in memory are moved to the thread and overwritten there.
   * @throws ModelError those of reading the model, `engine-refused`, `engine-failed`, `engine-stuck`, `closed`
   */
  async load(load: ModelLoad, { signal, maxMs = MAX_LOAD_MS }: EngineLoadOptions = {}): Promise<ModelDescription> {
    const contents = "directory" in load.source ? [] : [...load.source.values()];
    const buffers = new Set(contents.map(({ buffer }) => buffer as ArrayBuffer));
    const givenUp = new Uint8Array(new SharedArrayBuffer(1));
    const giveUp = (): void => void givenUp.fill(1);
    signal?.addEventListener("abort", giveUp);
    const limit = setTimeout(() => {
      giveUp();
      this.#giveUp(`loading the model has taken more than ${maxMs} ms`);
    }, maxMs).unref();
    try {
      return (await this.#ask("loaded", { kind: "load", ...load, givenUp }, [...buffers])).model;
    } finally {
      clearTimeout(limit);
      signal?.removeEventListener("abort", giveUp);
    }
  }

  /**
   * Runs a signature of the loaded model. Large arrays of the inputs are moved to the thread.
   * @param signal once it is aborted nobody waits for the run, which is left out if its turn has not come
   * @throws ServingError when the model fails on the inputs
   * @throws ModelError `engine-failed`, `engine-stuck`, `closed`
   * @throws the signal's reason
   */
  async run(run: EngineRun, signal?: AbortSignal): Promise<ReadonlyMap<string, PackedTensor>> {
    return (await this.#ask("done", { kind: "run", ...run }, buffersOf(run.inputs), signal)).outputs;
  }

  /** Ends the thread once the runs in flight are done. */
  async close(): Promise<void> {
    if (this.#end === undefined) {
      this.#closing = true;
      await this.#ask("closed", { kind: "close" }, []).catch(async () => {
        if (!this.#stuck) {
          await this.#worker.terminate();
        }
      });
    }
    if (!this.#stuck) {
      await this.#exited;
    }
  }

  async #ask<K extends EngineReply["kind"]>(
    kind: K,
    request: Unnumbered<EngineRequest>,
    buffers: readonly ArrayBuffer[],
    signal?: AbortSignal,
  ): Promise<ReplyOf<K>> {
    signal?.throwIfAborted();
    this.expectRunning();
    const id = ++this.#lastId;
    const withdraw = (): void => this.#withdraw(id, signal?.reason);
    signal?.addEventListener("abort", withdraw);
    let reply: EngineReply;
    try {
      reply = await new Promise<EngineReply>((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject });
        if (request.kind === "run") {
          this.#runs.add(id);
          this.#watchdog.watch();
        }
        this.#send({ ...request, id }, buffers);
      });
    } finally {
      signal?.removeEventListener("abort", withdraw);
    }
    if (reply.kind !== kind) {
      throw reply.kind === "failed"
        ? fromPlainError(reply.error)
        : new ModelError("engine-failed", "the engine answered another question");
    }
    return reply as ReplyOf<K>;
  }

  /** What one turn of the event loop asks for goes to the thread together, unless enough lies there. */
  #send(message: EngineMessage, buffers: readonly ArrayBuffer[] = []): void {
    this.#outbox.add(message, buffers);
    if (this.#shipments.open < MAX_SHIPMENTS) {
      this.#flushSoon();
    }
  }

  #flushSoon(): void {
    if (!this.#flushing) {
      this.#flushing = true;
      setImmediate(() => {
        this.#flushing = false;
        this.#outbox.flush();
      });
    }
  }

  /** Nothing of such a request has come to the thread, which goes on. */
  #refuse(id: number, cause: unknown): void {
    const reason = new ModelError("engine-failed", "the request cannot be moved to the engine's thread", { cause });
    this.#waiting.get(id)?.reject(reason);
    this.#waiting.delete(id);
    this.#endRun(id);
  }

  #withdraw(id: number, reason: unknown): void {
    this.#waiting.get(id)?.reject(reason);
    this.#waiting.delete(id);
    this.#shipments.settle(id);
    this.#outbox.add({ kind: "withdraw", id });
    this.#flushSoon();
  }

  #settle(replies: readonly EngineReply[]): void {
    for (const reply of replies) {
      this.#waiting.get(reply.id)?.resolve(reply);
      this.#waiting.delete(reply.id);
      this.#shipments.settle(reply.id);
      this.#endRun(reply.id);
    }
    if (this.#shipments.open < MAX_SHIPMENTS) {
      this.#outbox.flush();
    }
  }

  /** A run ends when the thread answers it, even one that nobody waits for any more: it may be what the thread is stuck in. */
  #endRun(id: number): void {
    if (this.#runs.delete(id)) {
      this.#watchdog.progress();
    }
    if (this.#runs.size === 0) {
      this.#watchdog.rest();
    }
  }

  /**
   * Nobody waits for the thread any more, which ends by itself if it ever comes back from the engine. It cannot be ended before:
   * `onnxruntime` takes the whole process down when it comes back to a thread that was told to end.
   */
  #giveUp(why: string): void {
    if (this.#end !== undefined) {
      return;
    }
    this.#stuck = true;
    stuckCount++;
    for (const id of this.#runs) {
      this.#outbox.add({ kind: "withdraw", id });
    }
    this.#outbox.add({ kind: "close", id: ++this.#lastId });
    this.#outbox.flush();
    this.#endWith(new ModelError("engine-stuck", `${why}; its thread is given up`));
  }

  /** The first reason counts. */
  #endWith(reason: ModelError): void {
    this.#end ??= reason;
    for (const { reject } of this.#waiting.values()) {
      reject(this.#end);
    }
    this.#waiting.clear();
    this.#runs.clear();
    this.#watchdog.rest();
  }
}

/**
 * The thread's program stands beside this file: as source where Node runs the sources, else compiled, in one file that takes a
 * fourth of the time to load (`scripts/bundle-engine.ts`), or in many where only the compiler has run.
 */
function findProgram(): URL {
  if (import.meta.url.endsWith(".ts")) {
    return new URL("./worker.ts", import.meta.url);
  }
  const bundle = new URL("./worker.bundle.js", import.meta.url);
  return existsSync(bundle) ? bundle : new URL("./worker.js", import.meta.url);
}
