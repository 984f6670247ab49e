import { fileURLToPath } from "node:url";
import { CliError } from "../errors.ts";
import { assembleProgramImage, type ProgramImage } from "../image/assemble.ts";
import { Child, type Event, lastLine } from "./child-process.ts";
import { commandLine } from "./command-line.ts";
import { brokerConfiguration, nodeConfiguration, type PlatformFacts, pinnedPolicy } from "./configuration.ts";
import type { StepRecorder } from "./step-recorder.ts";
import type { DemoModel, DemoWorkspace } from "./workspace.ts";

/** This command, as a script that another process can start. */
const COMMAND = fileURLToPath(new URL("../main.js", import.meta.url));

/** A prediction as `sealserve predict --json` prints it. */
export type Prediction = Event;

/** Everything that the demo has started and made. */
export class DemoFlow {
  readonly workspace: DemoWorkspace;
  readonly recorder: StepRecorder;
  readonly #signal: AbortSignal;
  readonly #running: Child[] = [];

  constructor(workspace: DemoWorkspace, recorder: StepRecorder, signal: AbortSignal) {
    this.workspace = workspace;
    this.recorder = recorder;
    this.#signal = signal;
  }

  /** Starts a command that stays; `stopAll` ends it. */
  start(entry: string, args: readonly string[]): Child {
    this.#signal.throwIfAborted();
    const child = new Child(entry, args, this.#signal);
    this.#running.push(child);
    return child;
  }

  /** Starts one of this program's commands in a process of its own. */
  startCommand(args: readonly string[]): Child {
    return this.start(COMMAND, args);
  }

  /**
   * Runs a command to its end.
   * @returns the JSON document it printed
   * @throws CliError `demo-step-failed` with its last line
   */
  async execute(args: readonly string[]): Promise<Event> {
    const { code, events, stderr } = await this.startCommand(args).ended;
    const document = events.at(-1);
    if (code !== 0 || document === undefined) {
      throw new CliError("demo-step-failed", `sealserve ${args[0]}: ${lastLine(stderr) || `exit code ${code}`}`);
    }
    return document;
  }

  /** Starts a service and waits until it is ready. */
  async startService(args: readonly string[]): Promise<{ readonly child: Child; readonly ready: Event }> {
    const child = this.startCommand(args);
    return { child, ready: await child.event("ready") };
  }

  async stopAll(): Promise<number> {
    await Promise.all(this.#running.map((child) => child.stop()));
    return this.#running.length;
  }

  async makeOwnerMaterial(): Promise<void> {
    const { workspace } = this;
    await this.recorder.run(
      "make the owner's keys and certificates",
      () =>
        Promise.all([
          this.execute(["keygen", "--out", workspace.path("owner")]),
          this.execute(["certs", "--out", workspace.path("broker-tls"), "--name", "localhost", "127.0.0.1"]),
          this.execute(["certs", "--out", workspace.path("node-tls"), "--name", "localhost", "127.0.0.1"]),
        ]),
      () => "wrap key, signing key, TLS for broker and node",
    );
  }

  async seal(model: DemoModel): Promise<void> {
    const { workspace } = this;
    await this.recorder.run(
      `seal ${model.name}`,
      () =>
        this.execute(
          commandLine(["seal", model.directory], {
            name: model.name,
            out: workspace.path("sealed", model.name),
            "wrap-key": workspace.path("owner", "wrap.key"),
            "signing-key": workspace.path("owner", "owner.key"),
            "tls-key": workspace.path("node-tls", "server.key"),
            "tls-cert": workspace.path("node-tls", "server.crt"),
          }),
        ),
      (sealed) => `manifest ${String(sealed["manifestDigest"]).slice(0, 16)}…`,
    );
  }

  async assembleProgram(): Promise<ProgramImage> {
    return await this.recorder.run(
      "assemble the serving program",
      () => assembleProgramImage(this.workspace.path("program"), this.#signal),
      (image) => `${image.packages.length} packages`,
    );
  }

  async startPlatform(program: string, socket: string, name = "start the simulated platform"): Promise<PlatformFacts> {
    const { workspace } = this;
    return await this.recorder.run(
      name,
      async () => {
        const options = { program, socket, state: workspace.path("simulator"), pccs: "127.0.0.1:0" };
        const { ready } = await this.startService(commandLine(["simulator", "platform"], options));
        return { mrEnclave: String(ready["mrEnclave"]), pccs: String(ready["pccs"]), root: String(ready["root"]) };
      },
      ({ mrEnclave }) => `measured MRENCLAVE ${mrEnclave.slice(0, 16)}… (simulated, NOT SECURE)`,
    );
  }

  async startBroker(models: readonly DemoModel[], platform: PlatformFacts): Promise<{ child: Child; url: string }> {
    const { workspace } = this;
    return await this.recorder.run(
      "start the owner's broker",
      async () => {
        const config = await workspace.write("broker.yaml", brokerConfiguration(workspace, models, platform));
        const { child, ready } = await this.startService(["broker", "--config", config]);
        return { child, url: String(ready["url"]).replace("127.0.0.1", "localhost") };
      },
      ({ url }) => `${url}, policy pins the measurement`,
    );
  }

  /** Starts the serving program from its image; shows the steps that the node itself reports. */
  async startNode(
    image: ProgramImage,
    model: DemoModel,
    parts: { socket: string; brokerUrl: string },
  ): Promise<RunningNode> {
    const { workspace, recorder } = this;
    return await recorder.run(
      `serve ${model.name}`,
      async () => {
        const config = await workspace.write(
          `serve-${model.name}.yaml`,
          nodeConfiguration(workspace, {
            ...parts,
            model: model.name,
            packageDirectory: workspace.path("sealed", model.name),
          }),
        );
        const child = this.start(image.entry, ["serve", "--config", config]);
        const ready = await child.event("ready").finally(() => {
          for (const event of child.events.filter((candidate) => candidate["event"] === "step")) {
            recorder.add({
              name: `  node: ${String(event["name"])}`,
              ok: true,
              ms: Number(event["ms"]),
              detail: String(event["detail"]),
            });
          }
        });
        return { child, grpcPort: portOf(ready["grpc"]), restPort: portOf(ready["rest"]) };
      },
      (node) => `gRPC port ${node.grpcPort}, REST port ${node.restPort}`,
    );
  }

  /** Verifies the node, then sends one request by gRPC and one by REST, from a process of its own. */
  async predict(model: DemoModel, node: RunningNode, platform: PlatformFacts): Promise<Prediction> {
    const { workspace } = this;
    return await this.recorder.run(
      `verify the node and predict (${model.name})`,
      async () => {
        const policy = await workspace.write("policy.yaml", `${pinnedPolicy(platform.mrEnclave)}\n`);
        return await this.execute(
          commandLine(["predict", "localhost", "--sample"], {
            model: model.name,
            "grpc-port": node.grpcPort,
            "rest-port": node.restPort,
            via: "both",
            ca: workspace.path("node-tls", "ca.crt"),
            policy,
            pccs: platform.pccs,
            root: platform.root,
          }),
        );
      },
      (prediction) => `gRPC and REST agree: ${shorten(JSON.stringify(prediction["outputs"]))}`,
    );
  }
}

/** A serving node that answers. */
export interface RunningNode {
  readonly child: Child;
  readonly grpcPort: string;
  readonly restPort: string;
}

function portOf(address: unknown): string {
  return String(address).split(":").at(-1) ?? "";
}

const SHOWN_LENGTH = 60;

function shorten(text: string): string {
  return text.length <= SHOWN_LENGTH ? text : `${text.slice(0, SHOWN_LENGTH)}…`;
}
