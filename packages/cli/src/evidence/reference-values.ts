import {
  type AppraisalPolicy,
  AttestationError,
  parsePolicy,
  type TrustedRoot,
  trustedRootFromPem,
  vendorRoot,
} from "@sealserve/attestation";
import { parseYamlDocument } from "@sealserve/config";
import type { JsonValue } from "@sealserve/core";
import { readNamedText } from "../named-file.ts";

/** The vendor root to trust: Intel's, unless a file names another one. @throws AttestationError `root-malformed` */
export async function loadRoot(file: string | undefined): Promise<TrustedRoot> {
  if (file === undefined) {
    return vendorRoot;
  }
  const pem = await readNamedText(file);
  return namingFile(file, () => trustedRootFromPem(pem));
}

/** An appraisal policy from a YAML (or JSON) file; one that pins no software is refused. @throws as {@link policyIn} */
export async function loadPolicy(file: string): Promise<AppraisalPolicy> {
  return policyIn(parseYamlDocument(await readNamedText(file), file).json(), file);
}

/** The policy in a document. @throws AttestationError `policy-invalid`, `policy-unpinned` */
export function policyIn(document: JsonValue, file: string): Promise<AppraisalPolicy> {
  return namingFile(file, async () => parsePolicy(document));
}

/** What a file holds; refusals say which file it is. */
async function namingFile<Value>(file: string, read: () => Promise<Value>): Promise<Value> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof AttestationError) {
      const { code, message, expected, actual, remedy } = cause;
      throw new AttestationError(code, `${file}: ${message}`, { expected, actual, remedy, cause });
    }
    throw cause;
  }
}
