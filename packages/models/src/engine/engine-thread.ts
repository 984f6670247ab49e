import { type Transferable, Worker } from "node:worker_threads";

import { ModelError } from "../errors.ts";
import type { EngineFile, EngineReply, EngineRequest, EngineTensor } from "./messages.ts";

/** The thread's program stands beside this file: compiled, or as source where Node runs the sources. */
const workerFile = import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js";

type Unnumbered<T> = T extends unknown ? Omit<T, "id"> : never;
type ReplyOf<K extends EngineReply["kind"]> = Extract<EngineReply, { kind: K }>;

interface Waiting {
  readonly resolve: (reply: EngineReply) => void;
  readonly reject: (error: ModelError) => void;
}

/** What to load into an engine. The buffers are moved to its thread and overwritten there. */
export interface EngineLoad {
  readonly models: readonly Uint8Array<ArrayBuffer>[];
  readonly files: readonly EngineFile[];
  readonly threads: number | undefined;
}

/** Runs ONNX models on a thread of its own, by `onnxruntime`. */
export class EngineThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #exited: Promise<void>;
  #lastId = 0;
  #closing = false;
  /** Why nothing can be asked any more. */
  #end: ModelError | undefined;

  constructor() {
    this.#worker = new Worker(new URL(workerFile, import.meta.url), { name: "sealserve-engine", execArgv: [] });
    this.#worker.on("message", (reply: EngineReply) => this.#settle(reply));
    for (const event of ["error", "messageerror"] as const) {
      this.#worker.on(event, (cause: unknown) => {
        this.#endWith(new ModelError("engine-failed", "the engine's thread has failed", { cause }));
        void this.#worker.terminate();
      });
    }
    this.#exited = new Promise((resolve) => {
      this.#worker.once("exit", () => {
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
    return this.#end?.code === "engine-failed" ? this.#end : undefined;
  }

  /**
   * Loads models; called once.
   * @returns for each model undefined, or why `onnxruntime` refuses it
   * @throws ModelError `engine-failed`, `closed`
   */
  async load({ models, files, threads }: EngineLoad): Promise<readonly (string | undefined)[]> {
    const buffers = new Set([...models, ...files.map(({ data }) => data)].map(({ buffer }) => buffer));
    try {
      return (await this.#ask("loaded", { kind: "load", models, files, threads }, [...buffers])).refusals;
    } catch (cause) {
      throw cause instanceof EngineRunError
        ? new ModelError("engine-failed", `the engine could not start: ${cause.message}`, { cause })
        : cause;
    }
  }

  /**
   * Runs a loaded model. The buffers of `feeds` are moved to the engine's thread.
   * @param model its position among the loaded models
   * @throws EngineRunError when `onnxruntime` fails the run
   * @throws ModelError `engine-failed`, `closed`
   */
  async run(
    model: number,
    feeds: ReadonlyMap<string, EngineTensor>,
    fetches: readonly string[],
  ): Promise<ReadonlyMap<string, EngineTensor>> {
    const buffers = [...feeds.values()].flatMap(({ data }) => ("buffer" in data ? [data.buffer] : []));
    return (await this.#ask("done", { kind: "run", model, feeds, fetches }, buffers)).outputs;
  }

  /** Ends the thread once the runs in flight are done. */
  async close(): Promise<void> {
    if (this.#end === undefined) {
      this.#closing = true;
      await this.#ask("closed", { kind: "close" }, []).catch(() => this.#worker.terminate());
    }
    await this.#exited;
  }

  async #ask<K extends EngineReply["kind"]>(
    kind: K,
    request: Unnumbered<EngineRequest>,
    buffers: readonly Transferable[],
  ): Promise<ReplyOf<K>> {
    if (this.#end !== undefined) {
      throw this.#end;
    }
    const id = ++this.#lastId;
    const reply = await new Promise<EngineReply>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ ...request, id }, buffers);
    });
    if (reply.kind !== kind) {
      throw new EngineRunError(reply.kind === "failed" ? reply.message : "the engine answered another question");
    }
    return reply as ReplyOf<K>;
  }

  #settle(reply: EngineReply): void {
    this.#waiting.get(reply.id)?.resolve(reply);
    this.#waiting.delete(reply.id);
  }

  /** The first reason counts. */
  #endWith(reason: ModelError): void {
    this.#end ??= reason;
    for (const { reject } of this.#waiting.values()) {
      reject(this.#end);
    }
    this.#waiting.clear();
  }
}

/** A run that `onnxruntime` gave up. The message is its own and may quote values of the request: not for passing on. */
export class EngineRunError extends Error {}
