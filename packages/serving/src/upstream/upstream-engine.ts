import { type LoadedModel, readDeclaration } from "@sealserve/models";
import type { Log } from "../log.ts";
import type { ComingFiles, VersionFiles } from "../source/version-files.ts";
import { GrpcChannel } from "./grpc-channel.ts";
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
  readonly log: Log;
}

/**
 * Loads a version into a program of its own. Files in memory come to a folder in memory for that, which goes when the model is
 * closed; a version in a plain folder stays where it is.
 *
 * @throws ModelError for a model whose declaration cannot be read
 * @throws NodeError `engine-unusable`, `engine-not-started`, `private-directory-unusable`; the signal's reason
 */
export async function loadUpstream(
  options: UpstreamOptions,
  served: ServedVersion,
  coming: ComingFiles,
  signal: AbortSignal,
): Promise<LoadedModel> {
  const program = await checkProgramFile(options.program);
  const files = await coming;
  const declaration = readDeclaration(files, options.tags);
  const directory = await PrivateDirectory.create(options.place);
  try {
    await provide(directory, served, files);
    const { log, times = defaultTimes } = options;
    const supervised = superviseIn(directory, served, (task) => options.command(program, task));
    const server = await Supervisor.start(supervised, { times, log, signal });
    return new UpstreamModel({ served, declaration, server, clear: () => directory.remove() });
  } catch (error) {
    await directory.remove();
    throw error;
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
  command: (task: EngineTask) => Omit<ProgramCommand, "directory">,
): SupervisedProgram<GrpcChannel> {
  let starts = 0;
  return {
    model: served.name,
    start: () => {
      // Another one each time: what an ended program leaves behind is in nobody's way.
      const socketPath = directory.at(`grpc-${++starts}.sock`);
      const task = { served, basePath: directory.at(MODEL_FOLDER), socketPath };
      const child = startProgram({ ...command(task), directory: directory.path });
      return { child, channel: new GrpcChannel(socketPath, MAX_ANSWER_BYTES) };
    },
    probe: (channel, signal) => askServes(channel, served, signal),
  };
}
