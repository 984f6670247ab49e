import { readWrapKey, unsealPackage } from "@sealserve/encrypted-files";
import type { Command } from "commander";
import { readNamedText } from "../named-file.ts";
import { ProgressBar } from "../output/progress-bar.ts";
import { JSON_OPTION, printJson, tell } from "../output/terminal.ts";
import { abortOnSignal } from "../service/until-signal.ts";

interface UnsealOptions {
  readonly out: string;
  readonly wrapKey: string;
  readonly ownerKey: string;
  readonly json?: true;
}

/** `sealserve unseal`: the owner's way back from a sealed package. */
export function addUnsealCommand(program: Command): void {
  program
    .command("unseal")
    .argument("<package>", "sealed package")
    .summary("check and decrypt a sealed package")
    .description(
      "Verifies the manifest and every file, then writes the plaintext. For the model owner, not for the node.",
    )
    .requiredOption("--out <dir>", "folder for the plaintext; must not exist or be empty")
    .requiredOption("--wrap-key <file>", "16-byte key that encrypts the files")
    .requiredOption("--owner-key <file>", "owner's public key (PEM)")
    .option(...JSON_OPTION)
    .addHelpText(
      "after",
      "\nExample:\n  sealserve unseal sealed --out plain --wrap-key owner/wrap.key --owner-key owner/owner.pub",
    )
    .action(unseal);
}

async function unseal(packageDirectory: string, options: UnsealOptions): Promise<void> {
  const bar = new ProgressBar("unsealing");
  try {
    const { manifest } = await unsealPackage(packageDirectory, {
      wrapKey: await readWrapKey(options.wrapKey),
      ownerPublicKeyPem: await readNamedText(options.ownerKey),
      output: options.out,
      onProgress: ({ done, total }) => bar.update(done, total),
      signal: abortOnSignal(),
    });
    bar.clear();
    if (options.json) {
      printJson({ output: options.out, manifest });
      return;
    }
    tell(
      `${options.out}: ${manifest.model.name}, package version ${manifest.model.version}, ${manifest.files.length} files`,
    );
  } finally {
    bar.clear();
  }
}
