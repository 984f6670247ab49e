import { lstat, writeFile } from "node:fs/promises";
import { CliError } from "../errors.ts";

const SECRET_MODE = 0o600;
const PUBLIC_MODE = 0o644;

/**
 * Writes a file that must not exist yet; a secret is readable by its owner only.
 * @throws CliError `output-exists`
 */
export async function writeNewFile(
  path: string,
  content: string | Uint8Array,
  options: { readonly secret?: boolean } = {},
): Promise<void> {
  try {
    await writeFile(path, content, { flag: "wx", mode: options.secret ? SECRET_MODE : PUBLIC_MODE });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") {
      throw exists(path, error);
    }
    throw error;
  }
}

/**
 * Checks that none of several files exists, before the first of them is written: all or none.
 * @throws CliError `output-exists`
 */
export async function expectAbsent(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    if ((await lstat(path).catch(() => undefined)) !== undefined) {
      throw exists(path);
    }
  }
}

function exists(path: string, cause?: unknown): CliError {
  return new CliError("output-exists", `${path} exists already and is not overwritten`, {
    remedy: "name another folder, or remove the file",
    cause,
  });
}
