import { once } from "node:events";
import { lstat, unlink } from "node:fs/promises";
import { connect } from "node:net";
import { systemCodeOf } from "../system-code.ts";

/** Takes from a new socket what is not for owner and group: mode 0660. */
const SOCKET_UMASK = 0o117;

/**
 * Removes the socket of a server that has ended without doing so. One that still answers, and anything that is no socket,
 * stays: the listening will fail on it.
 */
export async function clearStaleSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSocket() && !(await answers(path))) {
    await unlink(path);
  }
}

/** Runs `listen`, which makes the socket before it first waits, so that its file never has another mode than 0660. */
export function withSocketMode<T>(listen: () => Promise<T>): Promise<T> {
  const before = process.umask(SOCKET_UMASK);
  try {
    return listen();
  } finally {
    process.umask(before);
  }
}

/** Whether somebody listens on a socket, or that cannot be known. */
export async function answers(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, "connect");
    return true;
  } catch (error) {
    // Only a refusal proves that nobody listens; without the right to connect one cannot know.
    return systemCodeOf(error) !== "ECONNREFUSED";
  } finally {
    socket.destroy();
  }
}
