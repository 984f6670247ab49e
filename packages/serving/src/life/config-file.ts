import { ModelServerConfig, ServingError, servingErrorOf } from "@sealserve/protocol";
import { fileRoles, readBoundedText } from "../config/bounded-file.ts";
import { parseTextConfig } from "../config/text-config.ts";
import { NodeError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { ConfiguredModels } from "./configured-models.ts";
import { type ConfiguredModel, readModelConfigs } from "./model-config.ts";

/** Parts of {@link ModelConfigFile}. */
export interface ModelConfigFileOptions {
  /** A ModelServerConfig in text form. */
  readonly file: string;
  readonly models: Pick<ConfiguredModels, "start" | "reload">;
  /** Between two readings, milliseconds; 0: only at the start and when asked. */
  readonly pollMs: number;
  readonly log: Log;
}

/** An application of the file that has begun, and maybe failed. */
interface Application {
  readonly text: string;
  readonly cancel: AbortController;
  state: "running" | "done" | "failed";
}

/** TensorFlow Serving's model config file: read at the start, then again by time or when asked. */
export class ModelConfigFile {
  readonly #options: ModelConfigFileOptions;
  #last: Application | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: ModelConfigFileOptions) {
    this.#options = options;
  }

  /** The first reading: waits until all models of the file serve. @throws ServingError */
  async start(signal?: AbortSignal): Promise<void> {
    await this.#options.models.start(this.#parse(await this.#read()), signal);
    this.#schedule();
  }

  /**
   * Reads the file again. What it lists becomes what is served; a file that cannot be read, or a model that cannot be loaded,
   * is logged and changes nothing. A text whose models could not be loaded is not tried again; one that gave way to another
   * configuration before they were is, as every text that is applied: the file has the last word.
   */
  async reread(): Promise<void> {
    try {
      await this.#apply(await this.#read());
    } catch (error) {
      const { code, message } = servingErrorOf(error);
      this.#options.log("model-config-failed", { file: this.#options.file, code, message });
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#last?.cancel.abort();
  }

  async #apply(text: string): Promise<void> {
    const last = this.#last;
    if (last?.text === text && last.state !== "done") {
      return;
    }
    last?.cancel.abort();
    const application: Application = { text, cancel: new AbortController(), state: "running" };
    this.#last = application;
    const { signal } = application.cancel;
    try {
      await this.#options.models.reload(this.#parse(text), signal);
      application.state = "done";
    } catch (error) {
      application.state = mayStillApply(error) ? "done" : "failed";
      if (!signal.aborted) {
        throw error;
      }
    }
  }

  #parse(text: string): readonly ConfiguredModel[] {
    return readModelConfigs(parseTextConfig(ModelServerConfig, text, this.#options.file));
  }

  async #read(): Promise<string> {
    try {
      return await readBoundedText(this.#options.file, fileRoles.modelConfig);
    } catch (cause) {
      const failed = "Failed to read ModelServerConfig file";
      if (cause instanceof NodeError) {
        const { message, expected, actual, remedy } = cause;
        const details = `${message} (expected ${expected}; found ${actual}; ${remedy})`;
        throw new ServingError("RESOURCE_EXHAUSTED", `${failed}: ${details}`, { cause });
      }
      const reason = cause instanceof Error ? cause.message : "unknown";
      throw new ServingError("NOT_FOUND", `${failed}: ${reason}`, { cause });
    }
  }

  #schedule(): void {
    const { pollMs } = this.#options;
    if (pollMs > 0 && !this.#closed) {
      this.#timer = setTimeout(() => {
        void this.reread();
        this.#schedule();
      }, pollMs);
    }
  }
}

/** Whether the next reading may find what was missing: a version for its label, or nothing that takes its place. */
function mayStillApply(error: unknown): boolean {
  return error instanceof ServingError && (error.code === "FAILED_PRECONDITION" || error.code === "ABORTED");
}
