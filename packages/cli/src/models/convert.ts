import { open, realpath, rm } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import { type ConvertedModel, convertModel } from "@sealserve/models";
import { CliError } from "../errors.ts";
import { expectAbsent } from "../output/new-file.ts";
import { formatBytes, ProgressBar } from "../output/progress-bar.ts";
import { printJson, tell } from "../output/terminal.ts";

/** Options of `sealserve models convert`. */
export interface ConvertCommandOptions {
  readonly out: string;
  readonly signature?: string;
  readonly opset: number;
  readonly externalData?: true;
  readonly tags?: readonly string[];
  readonly json?: true;
}

/** The model is the owner's secret. */
const MODE = 0o600;

/** `sealserve models convert`. @throws CliError `usage`, `output-exists`; ModelError */
export async function convert(directory: string, options: ConvertCommandOptions): Promise<void> {
  const { out, signature, opset, externalData, tags, json } = options;
  const weightsFile = `${out}.data`;
  await expectOutput(directory, out);
  await expectAbsent([out, weightsFile]);
  const converted = convertModel(
    { directory },
    { signature, tags, operatorSet: opset, weightsFile: basename(weightsFile), weightsOutside: externalData === true },
  );
  const files = filesOf(converted, out, weightsFile);
  await writeAll(files);
  if (json) {
    const { signature: key, operatorSet, inputs, outputs } = converted;
    printJson({
      files: files.map(({ path, bytes }) => ({ path, bytes })),
      signature: key,
      opset: operatorSet,
      inputs,
      outputs,
    });
    return;
  }
  for (const { path, bytes } of files) {
    tell(`${path}: ${formatBytes(bytes)}`);
  }
}

/** A file in the version directory would make that the directory of two models. @throws CliError `usage` */
async function expectOutput(directory: string, out: string): Promise<void> {
  if (!out.endsWith(".onnx")) {
    throw new CliError("usage", `${out} does not end in .onnx, by which an ONNX model is known`);
  }
  const [model, folder] = [await realpath(directory), await realpath(dirname(out))];
  if (folder === model || folder.startsWith(join(model, sep))) {
    throw new CliError("usage", `${out} is inside of the model's own directory`, { remedy: "name another folder" });
  }
}

interface OutputFile {
  readonly path: string;
  readonly parts: readonly Uint8Array[];
  readonly bytes: number;
}

/** Weights come first: a model's file is there only when all that it names is. */
function filesOf({ model, weights }: ConvertedModel, out: string, weightsFile: string): OutputFile[] {
  const file = (path: string, parts: readonly Uint8Array[]): OutputFile => {
    return { path, parts, bytes: parts.reduce((total, { length }) => total + length, 0) };
  };
  return [...(weights.length === 0 ? [] : [file(weightsFile, weights)]), file(out, [model])];
}

/** Writes all files or none. @throws what the system refuses */
async function writeAll(files: readonly OutputFile[]): Promise<void> {
  const bar = new ProgressBar("writing");
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const begun: string[] = [];
  let done = 0;
  try {
    for (const { path, parts } of files) {
      const handle = await open(path, "wx", MODE);
      begun.push(path);
      try {
        for (const part of parts) {
          await handle.writeFile(part);
          done += part.length;
          bar.update(done, total);
        }
      } finally {
        await handle.close();
      }
    }
  } catch (error) {
    await Promise.all(begun.map((path) => rm(path, { force: true })));
    throw error;
  } finally {
    bar.clear();
  }
}
