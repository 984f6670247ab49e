import type { ChildProcess } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { SealserveError } from "@sealserve/core";
import { NodeError } from "../errors.ts";
import { Pauses } from "../lease/pauses.ts";
import type { Log } from "../log.ts";
import { ProgramMessages } from "./program-messages.ts";
import { ProgramUsage } from "./program-usage.ts";
import { endOf, killProgram } from "./start-program.ts";

/** How a program is watched, milliseconds. */
export interface SupervisionTimes {
  /** From its start until it must be ready. */
  readonly startMs: number;
  /** Between two looks before it is ready, and after. */
  readonly startProbeMs: number;
  readonly probeMs: number;
  /** Between two looks at its memory. */
  readonly memoryProbeMs: number;
  /** What a look may take. */
  readonly probeTimeoutMs: number;
  /** Looks in a row that may fail before the program is ended. */
  readonly maxFailedProbes: number;
  /** Before it is started again: the first pause, and the longest. */
  readonly firstPauseMs: number;
  readonly maxPauseMs: number;
  /** A program that has served so long is started again as if it had never ended. */
  readonly steadyMs: number;
}

/** Times for a program that serves models. */
export const defaultTimes: SupervisionTimes = {
  startMs: 300_000,
  startProbeMs: 50,
  probeMs: 5000,
  memoryProbeMs: 500,
  probeTimeoutMs: 10_000,
  maxFailedProbes: 3,
  firstPauseMs: 500,
  maxPauseMs: 60_000,
  steadyMs: 600_000,
};

/** A connection to a program. */
export interface Channel {
  close(): void;
}

/** A program that is kept running. */
export interface SupervisedProgram<C extends Channel> {
  /** The model that it runs, for the log. */
  readonly model: string;
  /** Starts it anew. @throws NodeError when it may not be run */
  start(): Promise<{ readonly child: ChildProcess; readonly channel: C }>;
  /**
   * Asks it whether it serves.
   *
   * @throws NodeError when it says that it never will; anything else when it cannot be asked
   */
  probe(channel: C, signal: AbortSignal): Promise<boolean>;
}

/** How a program is kept. */
export interface Supervision {
  readonly times?: SupervisionTimes;
  /** Memory in RAM beyond which it is ended, bytes; undefined: any. */
  readonly maxResidentBytes?: number | undefined;
  readonly log: Log;
}

/** Keeps a program running: starts it, sees that it serves, and starts it again when it ends, hangs or takes too much memory. */
export class Supervisor<C extends Channel> {
  /** What it has used until now. */
  readonly usage = new ProgramUsage();
  readonly #program: SupervisedProgram<C>;
  readonly #times: SupervisionTimes;
  readonly #maxResidentBytes: number;
  readonly #log: Log;
  readonly #ending = new AbortController();
  #kept: Promise<void> = Promise.resolve();
  #channel: C | undefined;
  /** Looks in a row that have failed since it served. */
  #failedProbes = 0;

  private constructor(program: SupervisedProgram<C>, { times, maxResidentBytes, log }: Supervision) {
    this.#program = program;
    this.#times = times ?? defaultTimes;
    this.#maxResidentBytes = maxResidentBytes ?? Number.POSITIVE_INFINITY;
    this.#log = log;
  }

  /**
   * Starts a program and returns when it serves.
   *
   * @throws NodeError `engine-not-started`, or what the program's probe says; the signal's reason
   */
  static async start<C extends Channel>(
    program: SupervisedProgram<C>,
    { signal, ...supervision }: Supervision & { readonly signal: AbortSignal },
  ): Promise<Supervisor<C>> {
    const supervisor = new Supervisor(program, supervision);
    const ready = Promise.withResolvers<void>();
    const giveUp = (): void => supervisor.#ending.abort();
    signal.addEventListener("abort", giveUp, { once: true });
    supervisor.#kept = supervisor.#keep(ready);
    try {
      signal.throwIfAborted();
      await ready.promise;
      return supervisor;
    } catch (error) {
      await supervisor.close();
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }

  /** To the program while it serves. */
  get channel(): C | undefined {
    return this.#channel;
  }

  /** Whether it serves, and answered at the last look. */
  get answers(): boolean {
    return this.#channel !== undefined && this.#failedProbes === 0;
  }

  /** Ends the program; returns when it is gone. */
  async close(): Promise<void> {
    this.#ending.abort();
    await this.#kept;
  }

  /** Never rejects. */
  async #keep(first: PromiseWithResolvers<void>): Promise<void> {
    const { signal } = this.#ending;
    let pauses = this.#newPauses();
    let started = false;
    while (!signal.aborted) {
      const begin = performance.now();
      try {
        await this.#runOnce(() => {
          started = true;
          first.resolve();
        });
      } catch (error) {
        if (!started) {
          first.reject(error);
          return;
        }
        this.#log("engine-not-restarted", { model: this.#program.model, reason: reasonOf(error) });
      }
      pauses = performance.now() - begin >= this.#times.steadyMs ? this.#newPauses() : pauses;
      await delay(pauses.next(), undefined, { signal }).catch(() => undefined);
    }
    first.reject(signal.reason);
  }

  #newPauses(): Pauses {
    return new Pauses(this.#times.firstPauseMs, this.#times.maxPauseMs, Math.random);
  }

  /** From a start of the program to its end. @throws NodeError when it does not come to serve */
  async #runOnce(onReady: () => void): Promise<void> {
    const { model } = this.#program;
    const { child, channel } = await this.#program.start();
    this.usage.started(child);
    const messages = child.stderr === null ? undefined : new ProgramMessages(child.stderr, model, this.#log);
    const gone = new AbortController();
    const end = endOf(child).finally(() => gone.abort());
    const watch = setInterval(() => this.#checkMemory(child), this.#times.memoryProbeMs);
    const signal = AbortSignal.any([this.#ending.signal, gone.signal]);
    try {
      await this.#untilReady(channel, signal).catch(async (error: unknown) => {
        const isEnded = gone.signal.aborted && !this.#ending.signal.aborted;
        throw isEnded ? endedEarly(await end, this.usage.isTooLarge) : error;
      });
      messages?.withhold();
      this.#channel = channel;
      onReady();
      this.#log("engine-serves", { model, pid: child.pid ?? 0 });
      await this.#whileHealthy(channel, signal);
    } finally {
      this.#channel = undefined;
      clearInterval(watch);
      // One that hangs can be looked at for the last time.
      this.usage.cpuSeconds();
      killProgram(child);
      channel.close();
      const how = await end;
      this.#log("engine-ended", { model, how, withheldBytes: messages?.withheldBytes ?? 0 });
    }
  }

  /** It is ended before the system has to choose what to end: that may be this process, with all models. */
  #checkMemory(child: ChildProcess): void {
    const residentBytes = this.usage.residentBytes() ?? 0;
    if (residentBytes > this.#maxResidentBytes && !this.usage.isTooLarge) {
      this.usage.endedForMemory();
      this.#log("engine-too-large", {
        model: this.#program.model,
        residentBytes,
        maxResidentBytes: this.#maxResidentBytes,
      });
      killProgram(child);
    }
  }

  async #untilReady(channel: C, ended: AbortSignal): Promise<void> {
    const { startMs, startProbeMs } = this.#times;
    const timeout = AbortSignal.timeout(startMs);
    const signal = AbortSignal.any([ended, timeout]);
    let last: unknown;
    while (!signal.aborted) {
      try {
        if (await this.#probe(channel, signal)) {
          return;
        }
        last = undefined;
      } catch (error) {
        if (error instanceof NodeError) {
          throw error;
        }
        last = error;
      }
      await delay(startProbeMs, undefined, { signal }).catch(() => undefined);
    }
    if (timeout.aborted) {
      throw notReady(startMs, last);
    }
    throw new Error("the program was ended");
  }

  /** Returns when the program has ended, or does not answer any more. */
  async #whileHealthy(channel: C, signal: AbortSignal): Promise<void> {
    const { probeMs, maxFailedProbes } = this.#times;
    this.#failedProbes = 0;
    while (this.#failedProbes < maxFailedProbes && !signal.aborted) {
      await delay(probeMs, undefined, { signal }).catch(() => undefined);
      const healthy = await this.#probe(channel, signal).catch(() => false);
      this.#failedProbes = healthy ? 0 : this.#failedProbes + 1;
    }
    if (!signal.aborted) {
      this.#log("engine-hangs", { model: this.#program.model, looks: maxFailedProbes });
    }
  }

  async #probe(channel: C, signal: AbortSignal): Promise<boolean> {
    return await this.#program.probe(
      channel,
      AbortSignal.any([signal, AbortSignal.timeout(this.#times.probeTimeoutMs)]),
    );
  }
}

function endedEarly(how: string, isTooLarge: boolean): NodeError {
  if (isTooLarge) {
    return new NodeError(
      "engine-not-started",
      "the engine's program took more memory than it may have, and was ended",
      {
        actual: how,
        remedy:
          "raise --max-engine-bytes (limits.maxEngineBytes) as far as the machine has memory, or serve a smaller model",
      },
    );
  }
  return new NodeError("engine-not-started", "the engine's program ended before it served the model", {
    actual: how,
    remedy: "its own messages stand in the log as engine-message",
  });
}

function notReady(startMs: number, last: unknown): NodeError {
  return new NodeError("engine-not-started", "the engine's program does not come to serve the model", {
    expected: `within ${startMs / 1000} s`,
    actual: last === undefined ? "it says that it is still loading" : reasonOf(last),
    remedy: "its own messages stand in the log as engine-message",
  });
}

function reasonOf(error: unknown): string {
  return error instanceof SealserveError || error instanceof Error ? error.message.slice(0, 300) : "unknown";
}
