import { writeExampleModels } from "@sealserve/models";
import type { Command } from "commander";
import { DemoFlow, type Prediction } from "../demo/flow.ts";
import { type Refusal, showRefusals } from "../demo/refusals.ts";
import { type Step, StepRecorder } from "../demo/step-recorder.ts";
import { type DemoModel, DemoWorkspace, modelAt, modelsIn } from "../demo/workspace.ts";
import { EXIT } from "../exit-codes.ts";
import { paint, printJson, tell } from "../output/terminal.ts";
import { abortOnSignal } from "../service/until-signal.ts";

interface DemoOptions {
  readonly model?: string;
  readonly keep?: true;
  readonly json?: true;
}

/** The document that `sealserve demo --json` closes with. */
interface DemoResult {
  readonly ok: boolean;
  readonly steps: readonly Step[];
  readonly prediction: Readonly<Record<string, Prediction>>;
  readonly refusals: readonly Refusal[];
}

/** `sealserve demo`: the whole flow on one machine. */
export function addDemoCommand(program: Command): void {
  program
    .command("demo")
    .summary("show the whole flow on this machine, with separate processes")
    .description(
      "Seals a model, starts a simulated platform, the owner's broker and a serving node, verifies the node, predicts by gRPC and REST, and shows three refusals. Everything it starts and writes is removed.",
    )
    .option("--model <dir>", "serve this model folder instead of the two examples")
    .option("--keep", "keep the files, and say where they are")
    .option("--json", "print each step as a JSON line and the result as the last one")
    .addHelpText("after", "\nExample:\n  sealserve demo --model models/half_plus_two")
    .action(runDemo);
}

async function runDemo(options: DemoOptions): Promise<void> {
  const signal = abortOnSignal();
  const chosen = options.model === undefined ? undefined : await modelAt(options.model);
  const workspace = await DemoWorkspace.create();
  const recorder = new StepRecorder({ json: options.json === true });
  const flow = new DemoFlow(workspace, recorder, signal);
  const result = { ok: false, prediction: {} as Record<string, Prediction>, refusals: [] as Refusal[] };
  try {
    const models = chosen === undefined ? await exampleModels(flow) : [chosen];
    await wholeFlow(flow, models, result);
    result.ok = true;
  } catch (error) {
    process.exitCode = EXIT.internal;
    const failed = recorder.steps.findLast((step) => !step.ok)?.name ?? "preparation";
    tell(`${paint("red", "the demo failed")} at: ${failed}: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    await cleanUp(flow, options.keep === true);
  }
  report({ ...result, steps: recorder.steps }, options);
}

async function exampleModels(flow: DemoFlow): Promise<DemoModel[]> {
  const directory = flow.workspace.path("models");
  return await flow.recorder.run(
    "make the example models",
    async () => {
      await writeExampleModels(directory);
      return await modelsIn(directory);
    },
    (models) => models.map((model) => model.name).join(", "),
  );
}

async function wholeFlow(
  flow: DemoFlow,
  models: readonly DemoModel[],
  result: { readonly prediction: Record<string, Prediction>; readonly refusals: Refusal[] },
): Promise<void> {
  await flow.makeOwnerMaterial();
  for (const model of models) {
    await flow.seal(model);
  }
  const image = await flow.assembleProgram();
  const socket = flow.workspace.path("tee.sock");
  const platform = await flow.startPlatform(image.directory, socket);
  const broker = await flow.startBroker(models, platform);
  for (const model of models) {
    const node = await flow.startNode(image, model, { socket, brokerUrl: broker.url });
    result.prediction[model.name] = await flow.predict(model, node, platform);
    await node.child.stop();
  }
  const model = models[0] as DemoModel;
  result.refusals.push(...(await showRefusals(flow, { image, model, platform, socket, broker })));
}

async function cleanUp(flow: DemoFlow, keep: boolean): Promise<void> {
  await flow.recorder.run(
    "stop everything",
    async () => {
      const stopped = await flow.stopAll();
      if (!keep) {
        await flow.workspace.remove();
      }
      return stopped;
    },
    (stopped) => `${stopped} processes${keep ? `, files kept in ${flow.workspace.directory}` : ", files removed"}`,
  );
}

function report(result: DemoResult, options: DemoOptions): void {
  if (options.json) {
    printJson(result);
    return;
  }
  if (!result.ok) {
    return;
  }
  for (const [name, prediction] of Object.entries(result.prediction)) {
    tell("");
    tell(paint("bold", `prediction of ${name}`));
    tell(`  ${JSON.stringify(prediction["inputs"])} → ${JSON.stringify(prediction["outputs"])}`);
  }
}
