import { parseArgs } from "node:util";
import type { ServedVersion } from "../upstream/model-server-client.ts";

/** What the program of the engine tensorflow is started for. */
export interface ProgramTask {
  /** Absolute path of a library with TensorFlow's C API. */
  readonly library: string;
  readonly served: ServedVersion;
  /** Folder of the version. */
  readonly directory: string;
  /** Where it answers gRPC. */
  readonly socketPath: string;
  /** Of the graph to take. */
  readonly tags: readonly string[];
  /** Threads that one operation may use, and operations at one time; undefined: TensorFlow's own choice. */
  readonly threads: number | undefined;
}

const NAMES = ["library", "name", "version", "directory", "socket", "tags", "threads"] as const;

/** The command line that {@link parseProgramTask} reads. */
export function programArguments({ library, served, directory, socketPath, tags, threads }: ProgramTask): string[] {
  const values: Readonly<Record<(typeof NAMES)[number], string>> = {
    library,
    name: served.name,
    version: `${served.version}`,
    directory,
    socket: socketPath,
    tags: tags.join(","),
    threads: `${threads ?? 0}`,
  };
  return NAMES.map((name) => `--${name}=${values[name]}`);
}

/** @throws TypeError for what is no such command line */
export function parseProgramTask(args: readonly string[]): ProgramTask {
  const options = Object.fromEntries(NAMES.map((name) => [name, { type: "string" } as const]));
  const { values } = parseArgs({ args: [...args], options });
  const value = (name: (typeof NAMES)[number]): string => {
    const text = values[name];
    if (typeof text !== "string") {
      throw new TypeError(`--${name} is missing`);
    }
    return text;
  };
  const threads = Number(value("threads"));
  return {
    library: value("library"),
    served: { name: value("name"), version: BigInt(value("version")) },
    directory: value("directory"),
    socketPath: value("socket"),
    tags: value("tags").split(","),
    threads: threads > 0 ? threads : undefined,
  };
}
