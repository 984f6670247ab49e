import { readFile } from "node:fs/promises";
import type { TrustedRoot } from "@sealserve/attestation";
import { decodePem, undefinedIfMalformed } from "@sealserve/core";
import type { UpstreamConfig } from "../config/service-config.ts";
import { isApiKey } from "../config/upstream-config.ts";
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
  const keys = await Promise.all(config.apiKeyFiles.map(readKey));
  const tlsRoots = config.tlsRootsFile && (await readRoots(config.tlsRootsFile));
  const options: UpstreamOptions = {
    mode,
    url,
    apiKeys: [...keys, ...config.apiKeys],
    ...(amdUrl === undefined ? {} : { amdUrl }),
    ...(proxy === undefined ? {} : { proxy }),
    ...(tlsRoots === undefined ? {} : { tlsRoots }),
    ...(refresh === undefined ? {} : { schedule: refresh }),
    ...(windows === undefined ? {} : { windows }),
    ...context,
  };
  return async (database) => upstreamParts(openUpstream(options, database));
}

/** One line, as it goes into a header. Nothing of it is told. */
async function readKey(file: string): Promise<string> {
  const key = (await readText("subscription key", file)).trim();
  if (!isApiKey(key)) {
    throw unusable("subscription key", file, "one line of ASCII characters without spaces");
  }
  return key;
}

/** What Node.js cannot read in them it would leave out without a word. */
async function readRoots(file: string): Promise<string> {
  const text = await readText("TLS roots", file);
  if ((undefinedIfMalformed(() => decodePem(text, "CERTIFICATE")) ?? []).length === 0) {
    throw unusable("TLS roots", file, "certificates in PEM");
  }
  return text;
}

function unusable(what: string, file: string, expected: string): ServiceError {
  const remedy = "correct the file, or the path below upstream in the configuration";
  return new ServiceError("file-unusable", `the ${what} ${file} cannot be used`, { expected, remedy });
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
