import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { writeExampleModels } from "@sealserve/models";
import type { ProgramFile } from "../../src/upstream/program-file.ts";
import type { SupervisionTimes } from "../../src/upstream/supervisor.ts";

const SERVER = resolve(import.meta.dirname, "../../../cli/dist/main.js");

/** Short, so that a test waits for nothing but the program. */
export const quickTimes: SupervisionTimes = {
  startMs: 60_000,
  startProbeMs: 20,
  probeMs: 50,
  memoryProbeMs: 5,
  probeTimeoutMs: 2000,
  maxFailedProbes: 2,
  firstPauseMs: 20,
  maxPauseMs: 100,
  steadyMs: 600_000,
};

/** Programs that stand where `tensorflow_model_server` would, and a model for them. */
export interface ModelServerPrograms {
  readonly directory: string;
  /** Version folder of `half_plus_two`. */
  readonly version: string;
  /** A real process that speaks TensorFlow Serving's gRPC: our own server. */
  readonly server: ProgramFile;
  /** A shell script. */
  script(name: string, text: string): Promise<ProgramFile>;
  /** A program for Node; its arguments begin at `process.argv[2]`. */
  program(name: string, text: string): Promise<ProgramFile>;
  close(): Promise<void>;
}

/** Makes them in a folder of their own. */
export async function createModelServerPrograms(): Promise<ModelServerPrograms> {
  const directory = await mkdtemp(join(tmpdir(), "sealserve-upstream-"));
  await writeExampleModels(directory);
  const script = async (name: string, text: string): Promise<ProgramFile> => {
    const path = join(directory, name);
    await writeFile(path, `#!/bin/sh\n${text}\n`);
    await chmod(path, 0o755);
    return { path, namedBy: "--upstream-program" };
  };
  return {
    directory,
    version: join(directory, "half_plus_two/1"),
    server: await script("server.sh", `exec ${process.execPath} ${SERVER} serve "$@"`),
    script,
    program: async (name, text) => {
      await writeFile(join(directory, `${name}.mjs`), text);
      return await script(name, `exec ${process.execPath} ${join(directory, `${name}.mjs`)} "$@"`);
    },
    close: () => rm(directory, { recursive: true, force: true }),
  };
}
