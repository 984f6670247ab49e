import { type Command, InvalidArgumentError, Option } from "commander";
import { bench } from "../models/bench.ts";
import { check } from "../models/check.ts";
import { convert } from "../models/convert.ts";
import { inspect } from "../models/inspect.ts";
import { ENGINES } from "../models/open-model.ts";

/** `sealserve models …`: what is in a model, how it would run, whether it gives what it should, how fast, and its form in ONNX. */
export function addModelsCommands(program: Command): void {
  const models = program
    .command("models")
    .summary("look into a SavedModel or ONNX model, and check it without a server");
  withModel(models.command("inspect"))
    .description("Tells signatures, operations and the plan of how each signature is run. Nothing is loaded or run.")
    .option("--signature <key>", "only this signature")
    .option("--svg <file>", "write the plan as a picture too; never overwritten")
    .addHelpText("after", "\nExample:\n  sealserve models inspect models/half_plus_two/1 --svg plan.svg")
    .action(inspect);
  withEngine(withModel(models.command("check")))
    .description("Loads a model and tells which signatures run. Exit code 2: one does not, or gives other outputs.")
    .option("--expected <file>", "JSON with calls and the outputs they must give")
    .option("--tolerance <number>", "difference to allow, relative to numbers above 1", parseTolerance, 1e-5)
    .addHelpText("after", CHECK_HELP)
    .action(check);
  withModel(models.command("convert"))
    .description(
      "Writes a signature of a SavedModel as an ONNX model. One that needs anything but ONNX's operations is refused by name.",
    )
    .requiredOption("--out <file>", "file for the model, ending in .onnx; never overwritten")
    .option("--signature <key>", "signature to convert; its default one if not given")
    .option("--opset <number>", "ONNX's operator set, 18 to 21", parsePositive, 18)
    .option("--external-data", "put the weights into FILE.data, as is done above 2 GiB anyway")
    .addHelpText("after", "\nExample:\n  sealserve models convert models/half_plus_two/1 --out half_plus_two.onnx")
    .action(convert);
  withEngine(withModel(models.command("bench")))
    .description(
      "Times calls of a loaded model, one after the other: latency, throughput, memory. No server is involved.",
    )
    .option("--signature <key>", "signature to call; its default one if not given")
    .option("--input <json>", "TensorFlow Serving's predict body, @FILE reads a file; inputs are made up if not given")
    .option("--batch <sizes>", "sizes of the first open dimension of made-up inputs, separated by commas", parseBatches)
    .option("--threads <number>", "threads that one operation may use; one per core if not given", parseThreads)
    .option("--warm-up <calls>", "calls that are not timed, for each size", parseCount, 10)
    .option("--seconds <number>", "time for each size, warm-up included", parseSeconds, 5)
    .addHelpText(
      "after",
      "\nExample:\n  sealserve models bench models/half_plus_two/1 --batch 1,8,32 --threads 2 --seconds 3",
    )
    .action(bench);
}

const CHECK_HELP = `
The file of expected outputs holds bodies of TensorFlow Serving's predict call, and outputs by name:
  {"cases": [{"request": {"signature_name": "serving_default", "inputs": {"x": [1, 2]}}, "outputs": {"y": [2.5, 3]}}]}

Example:
  sealserve models check models/half_plus_two/1 --expected expected.json`;

function withModel(command: Command): Command {
  return command
    .argument("<directory>", "version directory, such as my_model/1")
    .option("--tags <tags>", "tags of the graph to take from a SavedModel, separated by commas", splitTags)
    .option("--json", "print one JSON document on standard output");
}

function withEngine(command: Command): Command {
  return command
    .addOption(new Option("--engine <name>", "what runs the model").choices(ENGINES).default("onnxruntime"))
    .option("--libtensorflow <file>", "TensorFlow's C library, for --engine tensorflow");
}

function splitTags(text: string): readonly string[] {
  return text.split(",");
}

function parseTolerance(text: string): number {
  const tolerance = Number(text);
  if (text === "" || !(tolerance >= 0)) {
    throw new InvalidArgumentError("expected a number from 0 on.");
  }
  return tolerance;
}

/** Sizes and calls; more of either is a slip of the keyboard. */
const MAX_COUNT = 1_000_000;
const MAX_THREADS = 1024;
const MAX_BATCHES = 100;
const MAX_SECONDS = 3600;

function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count > MAX_COUNT) {
    throw new InvalidArgumentError(`expected a whole number from 0 to ${MAX_COUNT}.`);
  }
  return count;
}

function parsePositive(text: string): number {
  const count = parseCount(text);
  if (count === 0) {
    throw new InvalidArgumentError("expected a whole number from 1 on.");
  }
  return count;
}

function parseThreads(text: string): number {
  const threads = parsePositive(text);
  if (threads > MAX_THREADS) {
    throw new InvalidArgumentError(`expected at most ${MAX_THREADS} threads.`);
  }
  return threads;
}

function parseBatches(text: string): readonly number[] {
  const sizes = text.split(",").map(parsePositive);
  if (sizes.length > MAX_BATCHES) {
    throw new InvalidArgumentError(`expected at most ${MAX_BATCHES} sizes.`);
  }
  return sizes;
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!(seconds > 0 && seconds <= MAX_SECONDS)) {
    throw new InvalidArgumentError(`expected a number of seconds up to ${MAX_SECONDS}.`);
  }
  return seconds;
}
