import type { ServedVersion } from "../upstream/model-server-client.ts";
import type { WatchedProgram } from "../upstream/upstream-engine.ts";
import type { Reading } from "./readings.ts";
import type { MetricRegistry } from "./registry.ts";

const LABELS = ["model", "version"];

/** Tells of the programs that run versions, as they are when somebody asks. */
export class EngineMetrics {
  readonly #programs = new Map<WatchedProgram, readonly string[]>();

  constructor(registry: MetricRegistry) {
    const describe = (name: string, help: string) => ({ name: `sealserve_engine_${name}`, labels: LABELS, help });
    registry.gauge(
      describe("up", "1 when the version's program serves and answered the last time it was asked, otherwise 0."),
      () => this.#read(({ answers }) => (answers ? 1 : 0)),
    );
    registry.gauge(
      describe("resident_memory_bytes", "Memory that the version's program has in RAM, while there is one."),
      () => this.#read(({ usage }) => usage.residentBytes()),
    );
    registry.readCounter(
      describe("cpu_seconds_total", "Processor time of the version's program and of those that ended before it."),
      () => this.#read(({ usage }) => usage.cpuSeconds()),
    );
    registry.readCounter(
      describe("memory_ends_total", "How often the version's program was ended for more memory than it may have."),
      () => this.#read(({ usage }) => usage.memoryEnds),
    );
    registry.readCounter(describe("restarts_total", "How often the version's program was started again."), () =>
      this.#read(({ usage }) => usage.restarts),
    );
  }

  /**
   * Tells of the program of a version from now on.
   * @returns ends that, once the version is gone
   */
  watch({ name, version }: ServedVersion, program: WatchedProgram): () => void {
    this.#programs.set(program, [name, String(version)]);
    return () => void this.#programs.delete(program);
  }

  *#read(tell: (program: WatchedProgram) => number | undefined): Generator<Reading> {
    for (const [program, labels] of this.#programs) {
      const value = tell(program);
      if (value !== undefined) {
        yield [labels, value];
      }
    }
  }
}
