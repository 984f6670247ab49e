import { Command } from "commander";
import { VERSION } from "./version.ts";

type AddCommand = (program: Command) => void;

/** Every command by its name. A command is loaded when it is called: most need only a few of the packages. */
const COMMANDS: Readonly<Record<string, () => Promise<AddCommand>>> = {
  demo: async () => (await import("./commands/demo.ts")).addDemoCommand,
  keygen: async () => (await import("./commands/keygen.ts")).addKeygenCommand,
  certs: async () => (await import("./commands/certs.ts")).addCertsCommand,
  seal: async () => (await import("./commands/seal.ts")).addSealCommand,
  unseal: async () => (await import("./commands/unseal.ts")).addUnsealCommand,
  files: async () => (await import("./commands/files.ts")).addFilesCommands,
  broker: async () => (await import("./commands/broker.ts")).addBrokerCommand,
  collateral: async () => (await import("./service/load-collateral-commands.ts")).loadCollateralCommands(),
  policy: async () => (await import("./commands/policy.ts")).addPolicyCommands,
  sigstruct: async () => (await import("./commands/sigstruct.ts")).addSigstructCommand,
  image: async () => (await import("./commands/image.ts")).addImageCommand,
  models: async () => (await import("./commands/models.ts")).addModelsCommands,
  serve: async () => (await import("./commands/serve.ts")).addServeCommand,
  predict: async () => (await import("./commands/predict.ts")).addPredictCommand,
  verify: async () => (await import("./commands/verify.ts")).addVerifyCommand,
  simulator: async () => (await import("./commands/simulator.ts")).addSimulatorCommands,
};

/**
 * The command line for these arguments: with the one command that they name, or with all of them for help and for
 * names that do not exist. Parsing errors are thrown, so that `main` is the one place that sets an exit code.
 */
export async function buildProgram(args: readonly string[]): Promise<Command> {
  const program = new Command("sealserve")
    .description("Serves TensorFlow and ONNX models from inside a trusted execution environment.")
    // Without the usual -V, which is a flag of `files decrypt`.
    .version(VERSION, "--version")
    // Behind a command's name its own options count: `serve --version` is TensorFlow Serving's.
    .enablePositionalOptions()
    .showHelpAfterError("(add --help for the options and an example)");
  const named = COMMANDS[args[0] ?? ""];
  for (const load of named === undefined ? Object.values(COMMANDS) : [named]) {
    (await load())(program);
  }
  throwInsteadOfExit(program);
  return program;
}

function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) {
    throwInsteadOfExit(child);
  }
}
