import { verifySigstruct } from "@sealserve/attestation";
import { encodeHex } from "@sealserve/core";
import type { Command } from "commander";
import { readNamedFile } from "../named-file.ts";
import { JSON_OPTION, paint, printJson, printResult, tell } from "../output/terminal.ts";

/** `sealserve sigstruct`: what a policy must say to accept an enclave. */
export function addSigstructCommand(program: Command): void {
  program
    .command("sigstruct")
    .summary("read an enclave's measurement from the .sig file that gramine-sgx-sign wrote")
    .description(
      "Checks the signer's signature and prints the part of a policy that accepts this enclave and no other.",
    )
    .argument("<file>", "the .sig file")
    .option(...JSON_OPTION)
    .addHelpText("after", "\nExample:\n  sealserve sigstruct tensorflow-serving.sig >> policy.yaml")
    .action(readSigstruct);
}

async function readSigstruct(file: string, options: { readonly json?: true }): Promise<void> {
  const { isvProdId, isvSvn, attributes, ...measured } = await verifySigstruct(await readNamedFile(file));
  const [mrEnclave, mrSigner] = [encodeHex(measured.mrEnclave), encodeHex(measured.mrSigner)];
  if (options.json) {
    printJson({ mrEnclave, mrSigner, isvProdId, isvSvn, debug: attributes.debug });
    return;
  }
  printResult(`sgx:\n  mrEnclave: ["${mrEnclave}"]`);
  tell(`MRSIGNER ${mrSigner}, product ${isvProdId}, version ${isvSvn}`);
  tell("to accept later versions of that signer too, write in place of mrEnclave:");
  tell(`  mrSigner: ["${mrSigner}"]\n  isvProdId: ${isvProdId}\n  minimumIsvSvn: ${isvSvn}`);
  if (attributes.debug) {
    tell(paint("yellow", "this is a debug enclave: the host reads its memory, and a policy refuses it"));
  }
}
