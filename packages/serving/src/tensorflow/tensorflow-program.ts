import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { UpstreamOptions } from "../upstream/upstream-engine.ts";
import { MAX_RUNS } from "./max-runs.ts";
import { type ProgramTask, programArguments } from "./program-task.ts";

/** The program stands beside this file: compiled, or as source where Node runs the sources. */
const program = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "./program.ts" : "./program.js", import.meta.url),
);
/** For what Node itself does on the threads of the pool: files and names. */
const SPARE_THREADS = 4;

/**
 * The command line of the engine tensorflow for one version: this program's own code in another process, which alone has the library's
 * code in it. What goes wrong there ends that process.
 */
export function tensorFlowCommand({
  tags,
  threads,
}: Pick<ProgramTask, "tags" | "threads">): UpstreamOptions["command"] {
  return (library, { served, basePath, socketPath }) => {
    const directory = join(basePath, `${served.version}`);
    return {
      program: process.execPath,
      args: [program, ...programArguments({ library, served, directory, socketPath, tags, threads })],
      environment: {
        UV_THREADPOOL_SIZE: `${MAX_RUNS + SPARE_THREADS}`,
        // Warnings and errors.
        TF_CPP_MIN_LOG_LEVEL: "1",
      },
    };
  };
}
