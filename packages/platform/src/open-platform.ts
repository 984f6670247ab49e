import { access } from "node:fs/promises";
import { PlatformError } from "./errors.ts";
import { GRAMINE_DIRECTORY, openGraminePlatform } from "./gramine-platform.ts";
import type { Platform } from "./platform.ts";
import { openSimulatedPlatform } from "./simulated-platform.ts";
import type { TsmFiles } from "./tsm/tsm-files.ts";
import { findTsmTee, openTsmPlatform, TSM_DIRECTORY } from "./tsm/tsm-platform.ts";

/** Where a program's evidence comes from. Folders are the usual ones when undefined. */
export type PlatformChoice =
  | { readonly kind: "auto" }
  | { readonly kind: "gramine"; readonly directory?: string | undefined }
  | { readonly kind: "tdx"; readonly directory?: string | undefined }
  | { readonly kind: "snp"; readonly directory?: string | undefined; readonly privilegeLevel?: number | undefined }
  | { readonly kind: "simulated"; readonly socketPath: string };

/** Where to look for hardware; the usual folders and the system's files when undefined. */
export interface PlatformPlaces {
  readonly gramine?: string;
  readonly tsm?: string;
  readonly files?: TsmFiles;
}

/**
 * Opens the chosen platform. `auto` takes the one TEE whose files are there and never a simulated platform: that must be named.
 * @throws PlatformError `platform-undecided`, and the codes of the opened platform
 */
export async function openPlatform(choice: PlatformChoice): Promise<Platform> {
  if (choice.kind === "auto") {
    return await openPlatform(await findPlatform());
  }
  if (choice.kind === "gramine") {
    return await openGraminePlatform(choice.directory);
  }
  if (choice.kind === "simulated") {
    return await openSimulatedPlatform(choice.socketPath);
  }
  return await openTsmPlatform(choice.kind, choice);
}

/**
 * The hardware that is there.
 * @throws PlatformError `platform-undecided` when there is none, or more than one
 */
export async function findPlatform(places: PlatformPlaces = {}): Promise<PlatformChoice> {
  const { gramine = GRAMINE_DIRECTORY, tsm = TSM_DIRECTORY, files } = places;
  const [hasGramine, hasTsm] = await Promise.all([isThere(gramine), isThere(tsm)]);
  if (hasGramine === hasTsm) {
    throw new PlatformError("platform-undecided", "the platform cannot be told from what is there", {
      expected: `either ${gramine} or ${tsm}`,
      actual: hasGramine ? "both" : "neither",
      remedy: "name the platform",
    });
  }
  return hasGramine ? { kind: "gramine", directory: gramine } : { kind: await findTsmTee(tsm, files), directory: tsm };
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
