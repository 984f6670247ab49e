import { invalidArgument } from "@sealserve/protocol";
import { NodeError } from "../errors.ts";
import type { ProgramFile } from "../upstream/program-file.ts";
import type { ParsedFlags } from "./parse-flags.ts";
import type { EngineOptions, EngineRunner } from "./server-options.ts";

const ENGINES = ["onnxruntime", "tensorflow", "upstream"] as const;
/** Flags that go with some engines alone. */
const FLAGS_OF: Readonly<Record<(typeof ENGINES)[number], readonly string[]>> = {
  onnxruntime: [],
  tensorflow: ["libtensorflow", "private-directory"],
  upstream: ["upstream-program", "private-directory"],
};

/**
 * What runs the models, as flags say it.
 *
 * @throws NodeError `bad-option`
 * @throws ServingError `INVALID_ARGUMENT` in TensorFlow Serving's words
 */
export function engineOf(flags: ParsedFlags): EngineOptions {
  return { threads: threadsOf(flags), runner: runnerOf(flags) };
}

function threadsOf({ tensorflow }: ParsedFlags): number | undefined {
  const session = tensorflow.tensorflow_session_parallelism;
  const intra = tensorflow.tensorflow_intra_op_parallelism;
  if (session > 0n && intra > 0n && tensorflow.tensorflow_inter_op_parallelism > 0n) {
    throw invalidArgument(
      "Either configure server_options.tensorflow_session_parallelism or (server_options.tensorflow_intra_op_parallelism, " +
        "server_options.tensorflow_inter_op_parallelism) separately. You cannot configure all.",
    );
  }
  const threads = Number(intra > 0n ? intra : session);
  return threads > 0 ? threads : undefined;
}

function runnerOf({ own, given }: ParsedFlags): EngineRunner {
  const kind = ENGINES.find((name) => name === own.engine);
  if (kind === undefined) {
    throw new NodeError("bad-option", "--engine cannot be used", {
      expected: ENGINES.join(", "),
      actual: own.engine,
    });
  }
  refuseForeignFlags(kind, given);
  if (kind === "onnxruntime") {
    return { kind };
  }
  const place = own["private-directory"] || undefined;
  return kind === "tensorflow"
    ? { kind, library: neededFile(kind, "libtensorflow", own.libtensorflow), place }
    : { kind, program: neededFile(kind, "upstream-program", own["upstream-program"]), place };
}

const EXAMPLES = {
  libtensorflow: "/usr/lib/libtensorflow.so",
  "upstream-program": "/usr/bin/tensorflow_model_server",
} as const;

function neededFile(engine: string, flag: keyof typeof EXAMPLES, path: string): ProgramFile {
  if (path === "") {
    throw new NodeError("bad-option", `--engine=${engine} needs a file`, { remedy: `add --${flag}=${EXAMPLES[flag]}` });
  }
  return { path, namedBy: `--${flag}` };
}

/** An operator who meant it must not believe in it. */
function refuseForeignFlags(engine: (typeof ENGINES)[number], given: ReadonlySet<string>): void {
  const foreign = Object.values(FLAGS_OF)
    .flat()
    .find((flag) => given.has(flag) && !FLAGS_OF[engine].includes(flag));
  if (foreign !== undefined) {
    throw new NodeError("bad-option", `--${foreign} does not go with --engine=${engine}`, {
      remedy: "remove it, or name the engine that it is for",
    });
  }
}
