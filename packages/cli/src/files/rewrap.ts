import { type FormatVersion, readWrapKey, rekeyFile, renameFile } from "@sealserve/encrypted-files";
import type { Command } from "commander";
import { printJson, tell } from "../output/terminal.ts";
import { abortOnSignal } from "../service/until-signal.ts";
import { withProgress } from "./progress.ts";

/** Options of `sealserve files rename`. */
export interface RenameOptions {
  readonly wrapKey: string;
  readonly input: string;
  readonly output?: string;
  readonly path?: string;
  readonly format?: FormatVersion;
  readonly json?: true;
}

/** `sealserve files rename`. */
export async function rename(options: RenameOptions, command: Command): Promise<void> {
  const { input, output, path: embeddedPath, format: version } = options;
  if (output === undefined && embeddedPath === undefined) {
    command.error("error: give --output, --path or both");
  }
  const wrapKey = await readWrapKey(options.wrapKey);
  const name = output ?? input;
  const signal = abortOnSignal();
  await withProgress(name, async ({ onProgress }) => {
    await renameFile({ input, output: name, wrapKey, embeddedPath, version, signal, onProgress });
  });
  report(name, options);
}

/** Options of `sealserve files rekey`. */
export interface RekeyOptions {
  readonly wrapKey: string;
  readonly newWrapKey: string;
  readonly input: string;
  readonly output?: string;
  readonly full?: true;
  readonly format?: FormatVersion;
  readonly threads?: number;
  readonly json?: true;
}

/** `sealserve files rekey`. */
export async function rekey(options: RekeyOptions): Promise<void> {
  const { input, output = input, full, threads, format: version } = options;
  const wrapKey = await readWrapKey(options.wrapKey);
  const newWrapKey = await readWrapKey(options.newWrapKey);
  const signal = abortOnSignal();
  await withProgress(output, async ({ onProgress }) => {
    await rekeyFile({ input, output, wrapKey, newWrapKey, full, threads, version, signal, onProgress });
  });
  report(output, options);
}

function report(output: string, { json }: { readonly json?: true }): void {
  tell(output);
  if (json) {
    printJson({ output });
  }
}
