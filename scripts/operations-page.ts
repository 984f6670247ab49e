import { LEFT_OUT, listOperations } from "@sealserve/models";

/** Signatures of the public test models that do not run, and the first operation that is missing. */
export const MODELS_THAT_DO_NOT_RUN: readonly string[] = [
  "counter incr_counter (AssignAdd)",
  "rust_regression_tf2 train (ResourceApplyGradientDescent)",
  "tfdf_adult_rf serving_default (SimpleMLInferenceOpWithHandle)",
  "tft_tf1_transform serving_default (sparse tensors)",
];

const INTRODUCTION = `# Operations of SavedModels

What \`sealserve models inspect DIR\` says of one model, for all operations. This page is made from the tables that the importer works by:
\`npm run operations-page\`.

An operation that is on no list is refused when the model is loaded, with its name, node and signature and how many nodes need it; the other
signatures serve.
`;

const STATE = `## State across requests

Variables and tables are what the checkpoint and the initialisation of the model put there: assignments that run when the model is loaded are
followed, those in the way of a signature's outputs are refused. A model that counts its requests would answer one caller by what another one
sent, and batches and warm-up would count too. An assignment to a variable that no signature's answer depends on is left out: layers with
dropout count random numbers up that only training takes.
`;

const TFLITE = `## TensorFlow Lite

Files of TensorFlow Lite are not read. Measured on the four public test models: three use 2 operations, one uses 24, all of them on floats and
whole numbers; each has a SavedModel or ONNX form beside it, which runs. What it takes is a bounded reader of flatbuffers, the options of each
operation and a mapping of some 40 operations to the plan, about as much code as the ONNX reader and its lowerings of images together. That is
not small, so it is left until a model needs it that has no other form.
`;

/** The page about operations, in Markdown. */
export function operationsPage(): string {
  const { engine, interpreter, plan } = listOperations();
  return [
    INTRODUCTION,
    section(`Run by the engine, as ONNX (${engine.length})`, engine),
    "Reductions, transpositions and slices along axes that a request brings, slices in batches, and divisions of whole numbers are the\ninterpreter's, since ONNX has no form for them, or none that is safe.\n",
    section(`Run by the interpreter (${interpreter.length})`, interpreter),
    section(`Folded when the model is loaded, or run by the plan (${plan.length})`, plan),
    leftOut(),
    STATE,
    modelsSection(),
    TFLITE,
  ].join("\n");
}

function section(title: string, names: readonly string[]): string {
  return `## ${title}\n\n${wrap(names.map((name) => `\`${name}\``).join(", "))}\n`;
}

function leftOut(): string {
  const rows = LEFT_OUT.map(
    ({ examples, reason }) => `| ${examples.map((name) => `\`${name}\``).join(", ")} | ${reason} |`,
  );
  return `## Left out\n\n| such as | because |\n|---|---|\n${rows.join("\n")}\n`;
}

function modelsSection(): string {
  const rows = MODELS_THAT_DO_NOT_RUN.map((entry) => `- ${entry}`).join("\n");
  return `## Public test models of which a signature does not run\n\n${rows}\n`;
}

function wrap(text: string): string {
  return text.replace(/(.{1,140}),( |$)/g, (_line, part: string, end: string) => `${part},${end === "" ? "" : "\n"}`);
}
