import { type ChildProcess, spawn } from "node:child_process";

/** A program to run, and with what. */
export interface ProgramCommand {
  /** Absolute, checked. */
  readonly program: string;
  readonly args: readonly string[];
  /** Where it runs, and what it takes for its home. */
  readonly directory: string;
  /** Variables of its environment beside the few that every program gets. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** util-linux, which every Debian has. */
const LIMIT = ["/usr/bin/prlimit", "--core=0:0"];
/** The system ends the program when this process ends in whatever way, and gives it no rights beyond this process's. */
const BIND = ["/usr/bin/setpriv", "--pdeathsig", "KILL", "--no-new-privs"];
/** Nothing is run when this process has ended before that was arranged: the program has another parent then. */
const EXPECT_PARENT = ["/bin/sh", "-c", 'test "$PPID" = "$1" || exit 1; shift; exec "$@"', "sh"];

/**
 * Starts a program that holds plaintext: without core dumps (threat D8), in a session of its own so that a terminal's signals
 * do not reach it before its requests have ended, and with nothing of this process's environment, which the host may have
 * chosen (threat E6). Only its standard error is read.
 *
 * @param parent the process that it must not outlive
 */
export function startProgram(
  { program, args, directory, environment = {} }: ProgramCommand,
  parent = process.pid,
): ChildProcess {
  const [command = "", ...rest] = [...LIMIT, ...BIND, ...EXPECT_PARENT, `${parent}`, program, ...args];
  return spawn(command, rest, {
    cwd: directory,
    env: { ...environment, HOME: directory, TMPDIR: directory, PATH: "/usr/bin:/bin", LANG: "C.UTF-8" },
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
}

/** Ends a program and what it has started. */
export function killProgram({ pid }: ChildProcess): void {
  if (pid === undefined) {
    return;
  }
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}

/** How a program ended, once it has: never rejects. */
export function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", ({ message }) => resolve(message));
    child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
}
