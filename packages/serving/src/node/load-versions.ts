import { loadModel } from "@sealserve/models";
import type { ServedVersion } from "../core/served-model.ts";
import type { Closers } from "./closers.ts";
import type { DecryptedVersion } from "./decrypt.ts";

/** Loads every version into an engine of its own. @throws ModelError */
export async function loadVersions(
  versions: readonly DecryptedVersion[],
  threads: number | undefined,
  closers: Closers,
): Promise<ServedVersion[]> {
  const served: ServedVersion[] = [];
  for (const { version, files } of versions) {
    const model = closers.add(await loadModel(files, threads === undefined ? {} : { threads }));
    served.push({ version, model });
  }
  return served;
}
