import { type LoadedModel, readClosedDeclaration } from "@sealserve/models";
import { codeOf, type Log } from "../log.ts";
import type { ComingFiles, VersionFiles } from "../source/version-files.ts";
import { type AnswerLimits, GrpcChannel } from "./grpc-channel.ts";
import { askServes, type ServedVersion } from "./model-server-client.ts";
import { PrivateDirectory } from "./private-directory.ts";
import { checkProgramFile, type ProgramFile } from "./program-file.ts";
import { type ProgramCommand, startProgram } from "./start-program.ts";
import { defaultTimes, type SupervisedProgram, type SupervisionTimes, Supervisor } from "./supervisor.ts";
import { UpstreamModel } from "./upstream-model.ts";

const MODEL_FOLDER = "model";
/** Answers may be larger than requests. */
const MAX_ANSWER_BYTES = 2 ** 31 - 1;

/** What a program is started for. */
export interface EngineTask {
  readonly served: ServedVersion;
  /** Folder with the one version folder of the model. */
  readonly basePath: string;
  /** Where it must answer gRPC. */
  readonly socketPath: string;
}

/** A model server that is run for each version of a model. */
export interface UpstreamOptions {
  readonly program: ProgramFile;
  /** Command line for a task: program, which has been checked, and arguments. */
  readonly command: (program: string, task: EngineTask) => Omit<ProgramCommand, "directory">;
  /** Tags of the graph to take from a SavedModel. */
  readonly tags: readonly string[];
  /** On a tmpfs; see {@link PrivateDirectory}. */
  readonly place?: string | undefined;
  readonly times?: SupervisionTimes;
  /** Memory in RAM beyond which the program is ended, bytes; undefined: any. */
  readonly maxResidentBytes?: number | undefined;
  /** Where answers count while they come. */
  readonly budget: AnswerLimits["budget"];
  readonly log: Log;
  /** Is told of the program of each version that came to serve; what it gives is called when that is gone. */
  readonly watch?: (served: ServedVersion, program: WatchedProgram) => () => void;
}

/** A program that runs a version, for who watches it. */
export type WatchedProgram = Pick<Supervisor<GrpcChannel>, "answers" | "usage">;

/**
 * Loads a version into a program of its own. Files in memory come to a folder in memory for that, which goes when the model is
 * closed; a version in a plain folder stays where it is.
 *
 * @throws ModelError for a model whose declaration cannot be read, or whose graph reaches out of the model
 * @throws NodeError `engine-unusable`, `engine-not-started`, `private-directory-unusable`; the signal's reason
 */
export async function loadUpstream(
  options: UpstreamOptions,
  served: ServedVersion,
  coming: ComingFiles,
  signal: AbortSignal,
): Promise<LoadedModel> {
  // It is looked at again when it is started; here, so that nothing is written for another one.
  await checkProgramFile(options.program);
  const files = await coming;
  const declaration = readClosedDeclaration(files, options.tags);
  const directory = await PrivateDirectory.create(options.place);
  const clear = (): Promise<void> => clearDirectory(directory, served, options.log);
  try {
    await provide(directory, served, files);
    const { log, times = defaultTimes, maxResidentBytes } = options;
    const supervised = superviseIn(directory, served, options);
    const server = await Supervisor.start(supervised, { times, maxResidentBytes, log, signal });
    const forget = options.watch?.(served, server);
    return new UpstreamModel({ served, declaration, server, clear: () => clear().finally(forget) });
  } catch (error) {
    await clear();
    throw error;
  }
}

/** What cannot be removed is told to the operator: nothing else waits for it. */
async function clearDirectory(directory: PrivateDirectory, { name }: ServedVersion, log: Log): Promise<void> {
  try {
    await directory.remove();
  } catch (error) {
    log("engine-files-left", { model: name, directory: directory.path, code: codeOf(error) });
  }
}

async function provide(directory: PrivateDirectory, { version }: ServedVersion, files: VersionFiles): Promise<void> {
  const folder = `${MODEL_FOLDER}/${version}`;
  if ("directory" in files) {
    await directory.link(folder, files.directory);
  } else {
    await directory.writeFiles(folder, files);
  }
}

function superviseIn(
  directory: PrivateDirectory,
  served: ServedVersion,
  { program, command, budget }: Pick<UpstreamOptions, "program" | "command" | "budget">,
): SupervisedProgram<GrpcChannel> {
  let starts = 0;
  return {
    model: served.name,
    start: async () => {
      // Each time: the file may have been replaced since, by an update of the machine or by somebody else (threat A11).
      const checked = await checkProgramFile(program);
      // Another one each time: what an ended program leaves behind is in nobody's way.
      const socketPath = directory.at(`grpc-${++starts}.sock`);
      const task = { served, basePath: directory.at(MODEL_FOLDER), socketPath };
      const child = startProgram({ ...command(checked, task), directory: directory.path });
      return { child, channel: new GrpcChannel(socketPath, { maxBytes: MAX_ANSWER_BYTES, budget }) };
    },
    probe: (channel, signal) => askServes(channel, served, signal),
  };
}
