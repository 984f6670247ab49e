import { stat } from "node:fs/promises";
import {
  decryptDirectory,
  decryptFile,
  encryptDirectory,
  encryptFile,
  generateWrapKey,
  inspectFile,
  type Progress,
  readWrapKey,
  writeWrapKey,
} from "@sealserve/encrypted-files";
import { type Command, InvalidArgumentError } from "commander";
import { ProgressBar } from "../output/progress-bar.ts";
import { printJson, tell } from "../output/terminal.ts";
import { abortOnSignal } from "../service/until-signal.ts";

interface FileOptions {
  readonly wrapKey: string;
  readonly input: string;
  readonly output: string;
  readonly verify?: true;
  readonly embeddedPath?: string;
  readonly formatVersion?: 1 | 2;
}

/** `sealserve files …`: Gramine encrypted files, with the flags of gramine-sgx-pf-crypt. */
export function addFilesCommands(program: Command): void {
  const files = program.command("files").summary("encrypt, decrypt and inspect Gramine encrypted files");
  files
    .command("gen-key")
    .description("Makes a 16-byte wrap key.")
    .requiredOption("-w, --wrap-key <file>", "file for the key; never overwritten")
    .action(async (options: { readonly wrapKey: string }) => {
      await writeWrapKey(options.wrapKey, generateWrapKey());
      tell(`${options.wrapKey}: new 16-byte wrap key`);
    });
  withPaths(files.command("encrypt"))
    .description("Encrypts a file, or every file of a folder.")
    .option("--format-version <n>", "1 (every Gramine reads it) or 2 (Gramine 1.9 and later)", parseFormatVersion, 1)
    .option("--embedded-path <path>", "path to embed instead of the output path")
    .addHelpText("after", "\nExample:\n  sealserve files encrypt -w wrap.key -i model.onnx -o models/m/1/model.onnx")
    .action(encrypt);
  withPaths(files.command("decrypt"))
    .description("Decrypts a file, or every file of a folder.")
    .option("-V, --verify", "check that the embedded path equals the input path")
    .action(decrypt);
  files
    .command("inspect")
    .description("Tells format, size and (with the key) the embedded path.")
    .requiredOption("-i, --input <file>", "encrypted file")
    .option("-w, --wrap-key <file>", "wrap key; without it only the header can be told")
    .option("--json", "print one JSON document on standard output")
    .action(inspect);
}

function withPaths(command: Command): Command {
  return command
    .requiredOption("-w, --wrap-key <file>", "16-byte wrap key")
    .requiredOption("-i, --input <path>", "file or folder to read")
    .requiredOption("-o, --output <path>", "file or folder to write")
    .option("-v, --verbose", "accepted as by gramine-sgx-pf-crypt; every file is named anyway");
}

function parseFormatVersion(text: string): 1 | 2 {
  if (text !== "1" && text !== "2") {
    throw new InvalidArgumentError("expected 1 or 2.");
  }
  return text === "1" ? 1 : 2;
}

async function encrypt(options: FileOptions): Promise<void> {
  const job = {
    input: options.input,
    output: options.output,
    wrapKey: await readWrapKey(options.wrapKey),
    version: options.formatVersion,
    embeddedPath: options.embeddedPath,
    signal: abortOnSignal(),
  };
  if (await isDirectory(options.input)) {
    await encryptDirectory({ ...job, onFile: tell });
  } else {
    await withProgress(options.output, (onProgress) => encryptFile({ ...job, onProgress }));
  }
}

async function decrypt(options: FileOptions): Promise<void> {
  const job = {
    input: options.input,
    output: options.output,
    wrapKey: await readWrapKey(options.wrapKey),
    verifyPath: options.verify,
    signal: abortOnSignal(),
  };
  if (await isDirectory(options.input)) {
    await decryptDirectory({ ...job, onFile: tell });
  } else {
    await withProgress(options.output, (onProgress) => decryptFile({ ...job, onProgress }));
  }
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path)).isDirectory();
}

async function withProgress(
  name: string,
  job: (onProgress: (progress: Progress) => void) => Promise<unknown>,
): Promise<void> {
  const bar = new ProgressBar(name);
  try {
    await job(({ done, total }) => bar.update(done, total));
  } finally {
    bar.clear();
  }
  tell(name);
}

async function inspect(options: {
  readonly input: string;
  readonly wrapKey?: string;
  readonly json?: true;
}): Promise<void> {
  const wrapKey = options.wrapKey === undefined ? undefined : await readWrapKey(options.wrapKey);
  const facts = await inspectFile(options.input, { wrapKey });
  if (options.json) {
    printJson(facts);
    return;
  }
  for (const [name, value] of Object.entries(facts)) {
    tell(`${name}: ${typeof value === "object" ? JSON.stringify(value) : String(value)}`);
  }
}
