import { Worker } from "node:worker_threads";
import type { GroupBuffers } from "./group-buffers.ts";
import { type GroupCipher, openGroup, sealGroup } from "./group-cipher.ts";

/** The thread's program stands beside this file: compiled, or as source where Node runs the sources. */
const workerFile = import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js";

/** Jobs that a thread may have before it: one to work on, one to go on with. */
const MOST_WAITING = 2;

/** What a thread is asked: to encrypt or decrypt the group in `memory`, which it shares, with `length` content bytes. */
export type GroupJob = { readonly kind: "seal" | "open"; readonly memory: ArrayBufferLike; readonly length: number };

/** What it answers, and once when it has started, to nothing: the first data node whose tag does not fit. */
export type GroupReply = { readonly damaged?: number | undefined };

/**
 * Works on `count` threads and, whenever these have enough to do or are not there, on the calling one. The threads run until
 * it is closed.
 */
export function cipherThreads(count: number): GroupCipher {
  const threads = Array.from({ length: count }, () => new CipherThread());
  const ask = async (kind: GroupJob["kind"], { memory, content }: GroupBuffers): Promise<GroupReply | undefined> =>
    threads.find((thread) => thread.isFree)?.ask({ kind, memory, length: content.length });
  return {
    depth: MOST_WAITING * count + 3,
    allocate: (size) => new SharedArrayBuffer(size),
    async seal(buffers) {
      if ((await ask("seal", buffers)) === undefined) {
        sealGroup(buffers);
      }
    },
    async open(buffers) {
      const reply = await ask("open", buffers);
      return reply === undefined ? openGroup(buffers) : reply.damaged;
    },
    async close() {
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}

class CipherThread {
  readonly #worker = new Worker(new URL(workerFile, import.meta.url), { name: "sealserve-cipher", execArgv: [] });
  /** Who waits for an answer; a thread answers in the order in which it was asked. */
  readonly #waiting: ((reply: GroupReply | undefined) => void)[] = [];
  #running = false;

  constructor() {
    this.#worker.on("message", (reply: GroupReply) => {
      this.#running = true;
      this.#waiting.shift()?.(reply);
    });
    this.#worker.on("error", () => this.#end());
    this.#worker.on("exit", () => this.#end());
  }

  get isFree(): boolean {
    return this.#running && this.#waiting.length < MOST_WAITING;
  }

  /** The thread's answer, or undefined where it has ended without one. */
  ask(job: GroupJob): Promise<GroupReply | undefined> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#worker.postMessage(job, []);
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #end(): void {
    this.#running = false;
    for (const resolve of this.#waiting.splice(0)) {
      resolve(undefined);
    }
  }
}
