import { readFile } from "node:fs/promises";
import type { TrustedRoot } from "@sealserve/attestation";
import type { UpstreamConfig } from "../config/service-config.ts";
import { ServiceError } from "../errors.ts";
import { openUpstream, type UpstreamOptions } from "../open-upstream.ts";
import type { FillParts } from "../server/start-server.ts";
import { upstreamParts } from "../server/upstream-parts.ts";
import type { SqlDatabase } from "../sql/database.ts";

/** What an upstream takes beside its configuration. */
export interface UpstreamContext extends Pick<UpstreamOptions, "now" | "onFailure" | "metrics"> {
  readonly root: TrustedRoot;
  readonly windows: UpstreamOptions["windows"] | undefined;
}

/**
 * Opens the upstream that a configuration describes. Its files are read before anything is opened.
 * @returns what makes it, once the database is there
 * @throws ServiceError `file-unusable`
 */
export async function upstreamOpener(
  config: UpstreamConfig,
  { windows, ...context }: UpstreamContext,
): Promise<(database: SqlDatabase) => Promise<FillParts>> {
  const { mode, url, amdUrl, proxy, refresh } = config;
  const keys = await Promise.all(config.apiKeyFiles.map((file) => readText("subscription key", file)));
  const tlsRoots = config.tlsRootsFile && (await readText("TLS roots", config.tlsRootsFile));
  const options: UpstreamOptions = {
    mode,
    url,
    apiKeys: [...keys.map((text) => text.trim()), ...config.apiKeys],
    ...(amdUrl === undefined ? {} : { amdUrl }),
    ...(proxy === undefined ? {} : { proxy }),
    ...(tlsRoots === undefined ? {} : { tlsRoots }),
    ...(refresh === undefined ? {} : { schedule: refresh }),
    ...(windows === undefined ? {} : { windows }),
    ...context,
  };
  return async (database) => upstreamParts(openUpstream(options, database));
}

async function readText(what: string, file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new ServiceError("file-unusable", `the ${what} ${file} cannot be read`, {
      remedy: "check the path below upstream in the configuration, and that the service may read the file",
      cause,
    });
  }
}
