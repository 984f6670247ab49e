import { CliError } from "../errors.ts";
import type { ProgramImage } from "../image/assemble.ts";
import { type Child, type Ended, lastLine } from "./child-process.ts";
import { commandLine } from "./command-line.ts";
import { brokerConfiguration, nodeConfiguration, type PlatformFacts, UNPINNED_POLICY } from "./configuration.ts";
import type { DemoFlow } from "./flow.ts";
import { changeOneByteOfProgram, flipOneByteOfModel } from "./tamper.ts";
import type { DemoModel } from "./workspace.ts";

/** A refusal that the demo provoked. */
export interface Refusal {
  readonly name: string;
  /** The code by which the refusing part names its reason. */
  readonly code: string;
  readonly message: string;
}

/** What the refusals need of the flow that went before. */
export interface RefusalSetting {
  readonly image: ProgramImage;
  readonly model: DemoModel;
  readonly platform: PlatformFacts;
  readonly socket: string;
  readonly broker: { readonly child: Child; readonly url: string };
}

/** Provokes the three refusals. Each one that does not happen fails the demo. */
export async function showRefusals(flow: DemoFlow, setting: RefusalSetting): Promise<Refusal[]> {
  return [
    await refuseChangedProgram(flow, setting),
    await refuseDamagedModel(flow, setting),
    await refuseUnpinnedPolicy(flow, setting),
  ];
}

/** A serving program with one byte changed has another measurement, so the broker keeps the key. */
async function refuseChangedProgram(flow: DemoFlow, setting: RefusalSetting): Promise<Refusal> {
  const { workspace } = flow;
  return await provoke(flow, "refuse a program with one byte changed", async () => {
    const program = workspace.path("changed-program");
    await changeOneByteOfProgram(setting.image.directory, program);
    const socket = workspace.path("changed.sock");
    const options = { program, socket, state: workspace.path("simulator") };
    await flow.startService(commandLine(["simulator", "platform"], options));
    const entry = setting.image.entry.replace(setting.image.directory, program);
    const ended = await serveToTheEnd(flow, entry, setting, { socket });
    return reasonFromAuditLog(setting.broker.child, ended);
  });
}

/** The broker tells the node only that it was refused; the owner finds the failed claim in her log. */
function reasonFromAuditLog(broker: Child, ended: Ended): Omit<Refusal, "name"> {
  const refused = broker.events.findLast((event) => event["event"] === "log" && event["outcome"] === "refused");
  const failed = (refused?.["failedClaims"] ?? []) as readonly { code: string; expected: string; actual: string }[];
  const claim = failed[0];
  if (claim === undefined) {
    throw new CliError(
      "demo-step-failed",
      `the broker's log names no failed claim; the node said: ${lastLine(ended.stderr)}`,
    );
  }
  return { code: claim.code, message: `expected ${claim.expected}, came ${claim.actual}` };
}

/** A model file with one flipped byte does not load, although the key is released. */
async function refuseDamagedModel(flow: DemoFlow, setting: RefusalSetting): Promise<Refusal> {
  const { workspace } = flow;
  return await provoke(flow, "refuse a model with one byte flipped", async () => {
    const packageDirectory = workspace.path("damaged-package");
    await flipOneByteOfModel(workspace.path("sealed", setting.model.name), packageDirectory);
    const ended = await serveToTheEnd(flow, setting.image.entry, setting, { packageDirectory });
    return reasonOf(ended);
  });
}

/** A broker whose policy pins no software does not start. */
async function refuseUnpinnedPolicy(flow: DemoFlow, setting: RefusalSetting): Promise<Refusal> {
  const { workspace } = flow;
  return await provoke(flow, "refuse a policy that pins nothing", async () => {
    const text = brokerConfiguration(workspace, [setting.model], setting.platform, UNPINNED_POLICY);
    const config = await workspace.write("unpinned.yaml", text);
    return reasonOf(await endsByItself(flow.startCommand(["broker", "--config", config])));
  });
}

async function provoke(flow: DemoFlow, name: string, attempt: () => Promise<Omit<Refusal, "name">>): Promise<Refusal> {
  const reason = await flow.recorder.run(name, attempt, ({ code, message }) => `${code}: ${message}`);
  return { name, ...reason };
}

/** What a refused serving node differs in from the one that was served. */
interface NodeVariation {
  readonly socket?: string;
  readonly packageDirectory?: string;
}

async function serveToTheEnd(
  flow: DemoFlow,
  entry: string,
  setting: RefusalSetting,
  variation: NodeVariation,
): Promise<Ended> {
  const { workspace } = flow;
  const config = await workspace.write(
    "refused.yaml",
    nodeConfiguration(workspace, {
      model: setting.model.name,
      packageDirectory: variation.packageDirectory ?? workspace.path("sealed", setting.model.name),
      socket: variation.socket ?? setting.socket,
      brokerUrl: setting.broker.url,
    }),
  );
  return await endsByItself(flow.start(entry, ["serve", "--config", config]));
}

/**
 * Waits for a service that must refuse to start.
 * @throws CliError `demo-step-failed` when it becomes ready instead
 */
async function endsByItself(child: Child): Promise<Ended> {
  const outcome = await Promise.race([
    child.ended,
    child.event("ready").then(
      () => undefined,
      () => child.ended,
    ),
  ]);
  if (outcome === undefined || outcome.code === 0) {
    throw new CliError("demo-step-failed", "it was not refused");
  }
  return outcome;
}

/** The error that a command prints as its last JSON line when it fails. */
function reasonOf(ended: Ended): Omit<Refusal, "name"> {
  const error = ended.events.at(-1)?.["error"] as { code: string; message: string } | undefined;
  if (error === undefined) {
    throw new CliError("demo-step-failed", `it ended without naming a reason: ${lastLine(ended.stderr)}`);
  }
  return { code: error.code, message: error.message };
}
