import { type FormatVersion, generateWrapKey, writeWrapKey } from "@sealserve/encrypted-files";
import { type Command, InvalidArgumentError } from "commander";
import { decrypt, encrypt } from "../files/convert.ts";
import { inspect } from "../files/inspect.ts";
import { rekey, rename } from "../files/rewrap.ts";
import { JSON_OPTION, printJson, tell } from "../output/terminal.ts";

const FORMAT_HELP = "1 (every Gramine reads it) or 2 (Gramine 1.9 and later)";
const THREADS_HELP = "further threads to work on, 0 to 64; default: none below 64 MiB, else up to 3";

/** `sealserve files …`: Gramine encrypted files, with the flags of gramine-sgx-pf-crypt. */
export function addFilesCommands(program: Command): void {
  const files = program.command("files").summary("encrypt, decrypt, inspect, rename and rekey Gramine encrypted files");
  files
    .command("gen-key")
    .description("Makes a 16-byte wrap key.")
    .requiredOption("-w, --wrap-key <file>", "file for the key; never overwritten")
    .option("-v, --verbose", "accepted as by gramine-sgx-pf-crypt")
    .option(...JSON_OPTION)
    .addHelpText("after", "\nExample:\n  sealserve files gen-key -w wrap.key")
    .action(generateKey);
  addConvertCommands(files);
  addFirstNodeCommands(files);
}

async function generateKey({ wrapKey, json }: { readonly wrapKey: string; readonly json?: true }): Promise<void> {
  await writeWrapKey(wrapKey, generateWrapKey());
  tell(`${wrapKey}: new 16-byte wrap key`);
  if (json) {
    printJson({ wrapKey });
  }
}

function addConvertCommands(files: Command): void {
  withPaths(files.command("encrypt"))
    .description("Encrypts a file, or every file of a folder.")
    .option("--format <version>", FORMAT_HELP, parseFormat, 1)
    .option("--path <path>", "path to embed instead of the output path: the one that the enclave opens")
    .addHelpText("after", "\nExample:\n  sealserve files encrypt -w wrap.key -i model.onnx -o models/m/1/model.onnx")
    .action(encrypt);
  withPaths(files.command("decrypt"))
    .description("Decrypts a file, or every file of a folder.")
    .option("-V, --verify", "check that the embedded path equals the input path")
    .option("--path <path>", "check that this path is embedded instead; for a folder, that files lie below it")
    .addHelpText(
      "after",
      "\nExample:\n  sealserve files decrypt -w wrap.key -i models/m/1/model.onnx -o model.onnx --verify",
    )
    .action(decrypt);
}

function withPaths(command: Command): Command {
  return command
    .requiredOption("-w, --wrap-key <file>", "16-byte wrap key")
    .requiredOption("-i, --input <path>", "file or folder to read")
    .requiredOption("-o, --output <path>", "file or folder to write")
    .option("--threads <n>", THREADS_HELP, parseThreads)
    .option("-v, --verbose", "tell a failure in the words of gramine-sgx-pf-crypt too")
    .option(...JSON_OPTION);
}

function addFirstNodeCommands(files: Command): void {
  files
    .command("inspect")
    .description("Tells format, size and (with the key) the embedded path. Exit code 20: wrong key, or damaged.")
    .requiredOption("-i, --input <file>", "encrypted file")
    .option("-w, --wrap-key <file>", "wrap key; without it only the header can be told")
    .option("--check", "decrypt and check every node")
    .option(...JSON_OPTION)
    .addHelpText("after", "\nExample:\n  sealserve files inspect -i models/m/1/model.onnx -w wrap.key --check")
    .action(inspect);
  files
    .command("rename")
    .description("Gives an encrypted file another name, on the host and inside. Its content is not encrypted again.")
    .requiredOption("-w, --wrap-key <file>", "16-byte wrap key")
    .requiredOption("-i, --input <file>", "encrypted file")
    .option("-o, --output <file>", "its new name; the old one goes")
    .option("--path <path>", "path to embed instead of the new name")
    .option("--format <version>", `change the format version to ${FORMAT_HELP}`, parseFormat)
    .option(...JSON_OPTION)
    .addHelpText(
      "after",
      "\nExample:\n  sealserve files rename -w wrap.key -i models/m/1/model.onnx -o models/m/2/model.onnx",
    )
    .action(rename);
  files
    .command("rekey")
    .description("Puts an encrypted file under another wrap key; the embedded path stays.")
    .requiredOption("-w, --wrap-key <file>", "present wrap key")
    .requiredOption("-n, --new-wrap-key <file>", "new wrap key")
    .requiredOption("-i, --input <file>", "encrypted file")
    .option("-o, --output <file>", "file to write; default: the input is replaced")
    .option("--full", "make every key new: needed when someone else may have the old key and an old copy")
    .option("--format <version>", `change the format version to ${FORMAT_HELP}`, parseFormat)
    .option("--threads <n>", THREADS_HELP, parseThreads)
    .option(...JSON_OPTION)
    .addHelpText("after", "\nExample:\n  sealserve files rekey -w wrap.key -n new.key -i models/m/1/model.onnx")
    .action(rekey);
}

function parseFormat(text: string): FormatVersion {
  if (text !== "1" && text !== "2") {
    throw new InvalidArgumentError("expected 1 or 2.");
  }
  return text === "1" ? 1 : 2;
}

function parseThreads(text: string): number {
  const count = Number(text);
  if (!/^\d{1,2}$/.test(text) || count > 64) {
    throw new InvalidArgumentError("expected a number from 0 to 64.");
  }
  return count;
}
