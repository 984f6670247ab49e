import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { generateOwnerKey, generateWrapKey, writeOwnerKey, writeWrapKey } from "@sealserve/encrypted-files";
import type { Command } from "commander";
import { expectAbsent } from "../output/new-file.ts";
import { JSON_OPTION, printJson, tell } from "../output/terminal.ts";

interface KeygenOptions {
  readonly out: string;
  readonly json?: true;
}

/** `sealserve keygen`: the owner's keys. */
export function addKeygenCommand(program: Command): void {
  program
    .command("keygen")
    .summary("make the model owner's keys")
    .description(
      "Makes wrap.key (encrypts the model), owner.key (signs its manifest) and owner.pub (checks the signature).",
    )
    .requiredOption("--out <dir>", "folder for the keys; files that exist are never overwritten")
    .option(...JSON_OPTION)
    .addHelpText("after", "\nExample:\n  sealserve keygen --out owner")
    .action(keygen);
}

async function keygen(options: KeygenOptions): Promise<void> {
  await mkdir(options.out, { recursive: true });
  const files = {
    wrapKey: join(options.out, "wrap.key"),
    signingKey: join(options.out, "owner.key"),
    ownerKey: join(options.out, "owner.pub"),
  };
  await expectAbsent(Object.values(files));
  await writeWrapKey(files.wrapKey, generateWrapKey());
  await writeOwnerKey(generateOwnerKey(), { privateKeyFile: files.signingKey, publicKeyFile: files.ownerKey });
  if (options.json) {
    printJson(files);
    return;
  }
  tell(`${files.wrapKey}    encrypts the model; the broker needs it, nobody else`);
  tell(`${files.signingKey}   signs the manifest; stays with the owner`);
  tell(`${files.ownerKey}   checks the signature; public`);
}
