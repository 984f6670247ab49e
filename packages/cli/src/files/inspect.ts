import { type FileInspection, type InspectFileOptions, inspectFile, readWrapKey } from "@sealserve/encrypted-files";
import { EXIT } from "../exit-codes.ts";
import { formatBytes } from "../output/progress-bar.ts";
import { printJson, printResult } from "../output/terminal.ts";
import { abortOnSignal } from "../service/until-signal.ts";
import { withProgress } from "./progress.ts";

/** Options of `sealserve files inspect`. */
export interface InspectOptions {
  readonly input: string;
  readonly wrapKey?: string;
  readonly check?: true;
  readonly json?: true;
}

/** `sealserve files inspect`: exit code 20 when the key is refused or damage is found. */
export async function inspect({ input, wrapKey, check, json }: InspectOptions): Promise<void> {
  const key = wrapKey === undefined ? undefined : await readWrapKey(wrapKey);
  const inspection = await inspectUnderProgress(input, { wrapKey: key, checkNodes: check });
  if (json) {
    const { damage, ...facts } = inspection;
    printJson(damage === undefined ? facts : { ...facts, damage: { code: damage.code, message: damage.message } });
  } else {
    for (const line of describe(inspection, check === true)) {
      printResult(line);
    }
  }
  if (inspection.wrapKey === "refused" || inspection.damage !== undefined) {
    process.exitCode = EXIT.notGenuine;
  }
}

async function inspectUnderProgress(input: string, options: InspectFileOptions): Promise<FileInspection> {
  const signal = abortOnSignal();
  return withProgress(input, ({ onProgress }) => inspectFile(input, { ...options, signal, onProgress }));
}

function describe(inspection: FileInspection, checked: boolean): string[] {
  const { version, minorVersion, pendingWrite, hostSize, content, damage } = inspection;
  return [
    `format version: ${version}.${minorVersion}`,
    `encrypted size: ${sizeText(hostSize)}`,
    ...(pendingWrite ? ["pending write: yes; Gramine stopped while it wrote this file"] : []),
    `wrap key: ${KEY_TEXT[inspection.wrapKey]}`,
    ...(content === undefined ? [] : contentLines(content)),
    ...(damage === undefined ? [] : [`damage: ${damage.message}`]),
    ...(checked && content !== undefined && damage === undefined ? ["nodes: all checked"] : []),
  ];
}

function contentLines({ size, embeddedPath, staleBytes }: NonNullable<FileInspection["content"]>): string[] {
  return [
    `content size: ${sizeText(size)}`,
    // Quoted: whoever wrote the file chose it.
    `embedded path: ${JSON.stringify(embeddedPath)}`,
    ...(staleBytes === 0 ? [] : [`stale: ${sizeText(staleBytes)} at the end, which readers ignore`]),
  ];
}

const KEY_TEXT: Readonly<Record<FileInspection["wrapKey"], string>> = {
  "not-given": "not given; content and path cannot be told",
  refused: "refused: not the key of this file, or its first 4096 bytes are damaged",
  accepted: "accepted",
};

function sizeText(bytes: number): string {
  return bytes < 1024 ? `${bytes} bytes` : `${bytes} bytes (${formatBytes(bytes)})`;
}
