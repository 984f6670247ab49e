import { readFile } from "node:fs/promises";
import {
  type AppraisalPolicy,
  parsePolicy,
  type TrustedRoot,
  trustedRootFromPem,
  vendorRoot,
} from "@sealserve/attestation";
import { parseYamlDocument } from "@sealserve/config";

/** The vendor root to trust: Intel's, unless a file names another one. */
export async function loadRoot(file: string | undefined): Promise<TrustedRoot> {
  return file === undefined ? vendorRoot : await trustedRootFromPem(await readFile(file, "utf8"));
}

/** An appraisal policy from a YAML (or JSON) file; one that pins no software is refused. */
export async function loadPolicy(file: string): Promise<AppraisalPolicy> {
  return parsePolicy(parseYamlDocument(await readFile(file, "utf8"), file).json());
}
