import { CliError } from "../errors.ts";

/** What the optional package has. */
export type Simulator = typeof import("@sealserve/simulator");

/** The simulator is an optional package: a release image does not contain it. @throws CliError `simulator-missing` */
export async function loadSimulator(): Promise<Simulator> {
  try {
    return await import("@sealserve/simulator");
  } catch (cause) {
    throw new CliError("simulator-missing", "the simulator is not part of this installation", {
      remedy: "use a development checkout; a release image never contains it",
      cause,
    });
  }
}
