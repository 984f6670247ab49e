import { invalidArgument } from "@sealserve/protocol";
import { NodeError } from "../errors.ts";
import type { ParsedFlags } from "./parse-flags.ts";
import type { EngineOptions, EngineRunner } from "./server-options.ts";

const ENGINES = ["onnxruntime", "upstream"] as const;
/** Flags that go with one engine alone. */
const FLAGS_OF = { onnxruntime: [], upstream: ["upstream-program", "private-directory"] } as const;

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
      expected: ENGINES.join(" or "),
      actual: own.engine,
    });
  }
  refuseForeignFlags(kind, given);
  if (kind === "onnxruntime") {
    return { kind };
  }
  const path = own["upstream-program"];
  if (path === "") {
    throw new NodeError("bad-option", "--engine=upstream needs a program", {
      remedy: "add --upstream-program=/usr/bin/tensorflow_model_server",
    });
  }
  return { kind, program: { path, namedBy: "--upstream-program" }, place: own["private-directory"] || undefined };
}

/** An operator who meant it must not believe in it. */
function refuseForeignFlags(engine: (typeof ENGINES)[number], given: ReadonlySet<string>): void {
  const allowed: readonly string[] = FLAGS_OF[engine];
  const foreign = Object.values(FLAGS_OF)
    .flat()
    .find((flag) => given.has(flag) && !allowed.includes(flag));
  if (foreign !== undefined) {
    throw new NodeError("bad-option", `--${foreign} does not go with --engine=${engine}`, {
      remedy: "remove it, or name the engine that it is for",
    });
  }
}
