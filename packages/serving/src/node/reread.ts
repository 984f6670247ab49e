import { SealserveError } from "@sealserve/core";
import type { Log } from "../log.ts";
import type { Fronts } from "./open-fronts.ts";
import type { ServedModels } from "./served-models.ts";
import { checkedOrWiped, wipeKey } from "./tls-key.ts";

type RereadModels = Pick<ServedModels, "rereadModels" | "rereadTls">;

/**
 * Reads again the files that say which models are served, and the TLS material: what a SIGHUP asks for. What is unusable is
 * logged and changes nothing.
 */
export async function reread(served: RereadModels, fronts: Pick<Fronts, "replaceTls">, log: Log): Promise<void> {
  await Promise.all([served.rereadModels(), rereadTls(served, fronts, log)]);
}

async function rereadTls(served: RereadModels, fronts: Pick<Fronts, "replaceTls">, log: Log): Promise<void> {
  try {
    const tls = await served.rereadTls();
    if (tls !== undefined && tls !== "plaintext") {
      checkedOrWiped(tls, (material) => fronts.replaceTls(material));
      wipeKey(tls);
      log("tls-replaced", {});
    }
  } catch (error) {
    const code = error instanceof SealserveError ? error.code : "unreadable";
    log("tls-not-replaced", {
      code,
      message: error instanceof SealserveError ? error.message : "the file cannot be read",
    });
  }
}
