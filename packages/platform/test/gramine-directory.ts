import { execFileSync } from "node:child_process";
import { constants } from "node:fs";
import { mkdtemp, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { createVendor } from "@sealserve/simulator";

const base = await mkdtemp(join(tmpdir(), "gramine-"));
after(() => rm(base, { recursive: true, force: true }));

/** A directory with the files that Gramine shows, as plain files. */
export async function plainDirectory(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const directory = await mkdtemp(join(base, "attestation-"));
  const usual = { attestation_type: "dcap", user_report_data: new Uint8Array(64) };
  for (const [name, content] of Object.entries({ ...usual, ...files })) {
    await writeFile(join(directory, name), content);
  }
  return directory;
}

export interface GramineDirectory {
  readonly directory: string;
  stop(): Promise<void>;
}

/**
 * A directory that behaves like Gramine's: opening `quote` makes a quote over what `user_report_data` holds at that
 * moment. Each opening finds a named pipe of its own.
 */
export async function gramineDirectory(): Promise<GramineDirectory> {
  const vendor = await createVendor({ now: new Date() });
  const directory = await plainDirectory({});
  const path = join(directory, "quote");
  const next = (): Promise<void> => {
    execFileSync("mkfifo", [`${path}.next`]);
    return rename(`${path}.next`, path);
  };
  const stopping = new AbortController();
  await next();
  const serving = (async () => {
    while (!stopping.signal.aborted) {
      const pipe = await open(path, constants.O_WRONLY);
      await next();
      if (!stopping.signal.aborted) {
        const reportData = await readFile(join(directory, "user_report_data"));
        await pipe.writeFile(await vendor.quote({ mrEnclave: "5a".repeat(32), reportData }));
      }
      await pipe.close();
    }
  })();
  return {
    directory,
    stop: async () => {
      stopping.abort();
      const reader = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
      await serving;
      await reader.close();
      await rm(directory, { recursive: true });
    },
  };
}
