import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";

/** Linux tells times to processes in hundredths of a second, whatever it counts in itself (USER_HZ, proc_pid_stat(5)). */
const TICKS_PER_SECOND = 100;
/** Fields 14 and 15 of proc_pid_stat(5): time in the program, and in the system for it. Its name, the second, may have any characters. */
const CPU_TICKS = /^.*\) (?:\S+ ){11}(\d+) (\d+) /s;
/** proc_pid_status(5): in KiB. A process that has ended has none. */
const RESIDENT_KIB = /^VmRSS:\s*(\d+) kB$/m;

/** What the processes of one program use, which run one after the other: as Linux counts it, without what they start themselves. */
export class ProgramUsage {
  #child: ChildProcess | undefined;
  #starts = 0;
  /** Processes that were ended for their memory, and whether the last one was. */
  #memoryEnds = 0;
  #isTooLarge = false;
  /** Of the process that runs, as last seen. */
  #ticks = 0;
  /** Of those before it. */
  #endedTicks = 0;

  /** It runs as this process from now on. */
  started(child: ChildProcess): void {
    this.#endedTicks += this.#ticks;
    this.#ticks = 0;
    this.#child = child;
    this.#starts++;
    this.#isTooLarge = false;
  }

  /** The process that runs is ended since it has more memory than it may. */
  endedForMemory(): void {
    this.#isTooLarge = true;
    this.#memoryEnds++;
  }

  /** Whether the last process was ended for its memory. */
  get isTooLarge(): boolean {
    return this.#isTooLarge;
  }

  /** How many processes were ended for their memory. */
  get memoryEnds(): number {
    return this.#memoryEnds;
  }

  /** How often it was started again. */
  get restarts(): number {
    return Math.max(0, this.#starts - 1);
  }

  /** Processor time of all processes, which only grows. Once one has ended, what it used since it was last looked at is not known. */
  cpuSeconds(): number {
    const [, inProgram, inSystem] = CPU_TICKS.exec(this.#about("stat")) ?? [];
    if (inProgram !== undefined && inSystem !== undefined) {
      this.#ticks = Math.max(this.#ticks, Number(inProgram) + Number(inSystem));
    }
    return (this.#endedTicks + this.#ticks) / TICKS_PER_SECOND;
  }

  /** Memory in RAM; undefined when no process runs. */
  residentBytes(): number | undefined {
    const [, kib] = RESIDENT_KIB.exec(this.#about("status")) ?? [];
    return kib === undefined ? undefined : Number(kib) * 1024;
  }

  /** Empty when there is nothing to read: once Node has seen its end, its number may be that of another process. */
  #about(what: "stat" | "status"): string {
    const { pid, exitCode, signalCode } = this.#child ?? {};
    if (pid === undefined || exitCode !== null || signalCode !== null) {
      return "";
    }
    try {
      return readFileSync(`/proc/${pid}/${what}`, "latin1");
    } catch {
      return "";
    }
  }
}
