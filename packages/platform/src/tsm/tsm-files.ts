import { mkdir, rmdir } from "node:fs/promises";
import { readPseudoFile, writePseudoFile } from "../pseudo-file.ts";

/** The four operations that Linux's report interface is used by. Each throws the system's error. */
export interface TsmFiles {
  /** Makes a folder; the kernel fills it with the attributes of a new report. */
  makeEntry(path: string): Promise<void>;
  /** Removes the folder; the kernel drops the report with its attributes. */
  removeEntry(path: string): Promise<void>;
  /** Reads to the end; a file longer than `limit` shows by `limit + 1` bytes. */
  read(path: string, limit: number): Promise<Uint8Array>;
  /** Writes a file that is there already, in one piece. */
  write(path: string, value: Uint8Array): Promise<void>;
}

/** The files of this machine. */
export const systemTsmFiles: TsmFiles = {
  makeEntry: (path) => mkdir(path),
  removeEntry: (path) => rmdir(path),
  read: readPseudoFile,
  write: writePseudoFile,
};
