import { stat } from "node:fs/promises";

const POLL_MS = 5_000;

/** Calls `onChange` some seconds after one of the files has been written or replaced. @returns what ends it */
export function watchFiles(files: readonly string[], onChange: () => void, pollMs = POLL_MS): () => void {
  let known = "";
  const look = async (): Promise<void> => {
    const state = (await Promise.all(files.map(stateOf))).join(" ");
    if (known !== "" && state !== known) {
      onChange();
    }
    known = state;
  };
  void look();
  const timer = setInterval(() => void look(), pollMs);
  timer.unref();
  return () => clearInterval(timer);
}

async function stateOf(file: string): Promise<string> {
  const found = await stat(file).catch(() => undefined);
  return found === undefined ? "absent" : `${found.ino}:${found.mtimeMs}:${found.size}`;
}
