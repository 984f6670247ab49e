import { writeFile } from "node:fs/promises";
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
      throw new CliError("output-exists", `${path} exists already and is not overwritten`, {
        remedy: "name another folder, or remove the file",
        cause: error,
      });
    }
    throw error;
  }
}
