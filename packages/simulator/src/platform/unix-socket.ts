import { chmod, lstat, mkdtemp, rename, rm } from "node:fs/promises";
import { connect, type Server } from "node:net";
import { dirname, join } from "node:path";
import { SimulatorError, systemErrorName } from "../errors.ts";

const OWNER_ONLY = 0o600;

/**
 * Lets `server` listen on a unix socket that only its owner can open. The socket is bound in a private folder and moved
 * to its place when its mode is set, so it never stands there open to others. A socket that a dead process left behind
 * is replaced; one that answers is not.
 * @throws SimulatorError `socket-in-use`, `socket-refused`
 * @returns removes the socket, unless another process has put its own in the place
 */
export async function listenPrivately(server: Server, socketPath: string): Promise<() => Promise<void>> {
  await expectFree(socketPath);
  const folder = await mkdtemp(join(dirname(socketPath), ".s")).catch((cause: unknown) => {
    throw refused(socketPath, systemErrorName(cause), cause);
  });
  try {
    const bound = join(folder, "s");
    await listen(server, bound);
    await chmod(bound, OWNER_ONLY);
    await rename(bound, socketPath);
  } catch (cause) {
    server.close();
    throw refused(socketPath, systemErrorName(cause), cause);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const { ino } = await lstat(socketPath);
  return () => removeSocket(socketPath, ino);
}

async function expectFree(socketPath: string): Promise<void> {
  const found = await lstat(socketPath).catch((cause: unknown) => {
    if (systemErrorName(cause) === "ENOENT") {
      return undefined;
    }
    throw refused(socketPath, systemErrorName(cause), cause);
  });
  if (found === undefined) {
    return;
  }
  if (!found.isSocket()) {
    throw refused(socketPath, "something that is no socket stands there");
  }
  if (await answers(socketPath)) {
    throw new SimulatorError("socket-in-use", `a simulated platform already listens on ${socketPath}`, {
      remedy: "end it, or name another socket",
    });
  }
}

/** Only a refused connection proves that nobody listens; anything else counts as an answer. */
function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", (error) => {
      socket.destroy();
      resolve(!["ECONNREFUSED", "ENOENT"].includes(systemErrorName(error)));
    });
  });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ path }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

async function removeSocket(socketPath: string, ino: number): Promise<void> {
  const found = await lstat(socketPath).catch(() => undefined);
  if (found?.ino === ino) {
    await rm(socketPath, { force: true });
  }
}

function refused(socketPath: string, actual: string, cause?: unknown): SimulatorError {
  return new SimulatorError("socket-refused", `cannot listen on ${socketPath}`, {
    actual,
    remedy: "name a path of less than 90 bytes in an existing directory of your own",
    cause,
  });
}
