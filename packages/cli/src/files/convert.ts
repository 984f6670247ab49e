import { stat } from "node:fs/promises";
import {
  type DirectoryReport,
  decryptDirectory,
  decryptFile,
  encryptDirectory,
  encryptFile,
  type FormatVersion,
  readWrapKey,
} from "@sealserve/encrypted-files";
import { printJson, tell } from "../output/terminal.ts";
import { abortOnSignal } from "../service/until-signal.ts";
import { sayingGraminesWords } from "./gramine-words.ts";
import { withProgress } from "./progress.ts";

/** Options that encrypt and decrypt share. */
export interface ConvertOptions {
  readonly wrapKey: string;
  readonly input: string;
  readonly output: string;
  readonly path?: string;
  readonly threads?: number;
  readonly verbose?: true;
  readonly json?: true;
}

/** `sealserve files encrypt`. */
export async function encrypt(options: ConvertOptions & { readonly format: FormatVersion }): Promise<void> {
  const { input, output, threads, format: version, path: embeddedPath } = options;
  await sayingGraminesWords(options, async () => {
    const job = { input, output, threads, version, embeddedPath, wrapKey: await readWrapKey(options.wrapKey) };
    await convert(options, job, encryptFile, encryptDirectory);
  });
}

/** `sealserve files decrypt`. */
export async function decrypt(options: ConvertOptions & { readonly verify?: true }): Promise<void> {
  const { input, output, threads, path, verify } = options;
  await sayingGraminesWords(options, async () => {
    const job = { input, output, threads, verifyPath: path ?? verify, wrapKey: await readWrapKey(options.wrapKey) };
    await convert(options, job, decryptFile, decryptDirectory);
  });
}

type Followed<Job> = Job & {
  readonly onProgress: (progress: { readonly done: number; readonly total: number }) => void;
  readonly signal: AbortSignal;
};

async function convert<Job>(
  { input, output, json }: ConvertOptions,
  job: Job,
  convertFile: (job: Followed<Job>) => Promise<void>,
  convertDirectory: (job: Followed<Job> & { readonly onFile: (path: string) => void }) => Promise<DirectoryReport>,
): Promise<void> {
  const isDirectory = (await stat(input)).isDirectory();
  const signal = abortOnSignal();
  const converted = await withProgress(output, async ({ onProgress, say }) => {
    if (!isDirectory) {
      await convertFile({ ...job, onProgress, signal });
      return undefined;
    }
    return await convertDirectory({ ...job, onProgress, signal, onFile: say });
  });
  for (const line of converted?.skipped.map((path) => `${path}: skipped, neither a file nor a folder`) ?? [output]) {
    tell(line);
  }
  if (json) {
    printJson({ output, ...converted });
  }
}
