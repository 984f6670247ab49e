import { type Command, InvalidArgumentError } from "commander";
import { check } from "../models/check.ts";
import { inspect } from "../models/inspect.ts";

/** `sealserve models …`: what is in a model, how it would run, and whether it gives what it should. */
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
  withModel(models.command("check"))
    .description("Loads a model and tells which signatures run. Exit code 2: one does not, or gives other outputs.")
    .option("--expected <file>", "JSON with calls and the outputs they must give")
    .option("--tolerance <number>", "difference to allow, relative to numbers above 1", parseTolerance, 1e-5)
    .addHelpText("after", CHECK_HELP)
    .action(check);
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
