import { Worker } from "node:worker_threads";
import { EncryptedFilesError } from "../errors.ts";
import type { GroupBuffers } from "./group-buffers.ts";
import type { GroupCipher } from "./group-cipher.ts";

/** The thread's program stands beside this file: compiled, or as source where Node runs the sources. */
const workerFile = import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js";

/** What a thread is asked: to encrypt or decrypt the group in `memory`, which it shares, with `length` content bytes. */
export type GroupJob = { readonly kind: "seal" | "open"; readonly memory: ArrayBufferLike; readonly length: number };

/** What it answers: the first data node whose tag does not fit. */
export type GroupReply = number | undefined;

/** Works on `count` threads, in turn. They run until it is closed. */
export function cipherThreads(count: number): GroupCipher {
  const threads = Array.from({ length: count }, () => new CipherThread());
  let last = 0;
  const ask = (kind: GroupJob["kind"], { memory, content }: GroupBuffers): Promise<GroupReply> => {
    const thread = threads[last++ % count] as CipherThread;
    return thread.run({ kind, memory, length: content.length });
  };
  return {
    depth: 2 * count + 2,
    allocate: (size) => new SharedArrayBuffer(size),
    seal: async (buffers) => void (await ask("seal", buffers)),
    open: (buffers) => ask("open", buffers),
    close: async () => void (await Promise.all(threads.map((thread) => thread.close()))),
  };
}

type Waiting = { readonly resolve: (reply: GroupReply) => void; readonly reject: (error: unknown) => void };

class CipherThread {
  readonly #worker = new Worker(new URL(workerFile, import.meta.url), { name: "sealserve-cipher", execArgv: [] });
  /** A thread answers in the order in which it was asked. */
  readonly #waiting: Waiting[] = [];
  #failure: EncryptedFilesError | undefined;

  constructor() {
    this.#worker.on("message", (reply: GroupReply) => this.#waiting.shift()?.resolve(reply));
    this.#worker.on("error", (cause) => this.#fail(cause));
    this.#worker.on("exit", () => this.#fail(undefined));
  }

  run(job: GroupJob): Promise<GroupReply> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(job, []);
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  /** The first reason counts. */
  #fail(cause: unknown): void {
    this.#failure ??= new EncryptedFilesError("thread-failed", "a thread that encrypts or decrypts has ended", {
      remedy: "do without threads (`--threads 0`), or allow more threads and memory",
      cause,
    });
    for (const { reject } of this.#waiting.splice(0)) {
      reject(this.#failure);
    }
  }
}
