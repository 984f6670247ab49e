import { readWrapKey, sealPackage } from "@sealserve/encrypted-files";
import { type Command, InvalidArgumentError } from "commander";
import { readNamedText } from "../named-file.ts";
import { ProgressBar } from "../output/progress-bar.ts";
import { JSON_OPTION, printJson, tell } from "../output/terminal.ts";
import { abortOnSignal } from "../service/until-signal.ts";

interface SealOptions {
  readonly out: string;
  readonly wrapKey: string;
  readonly signingKey: string;
  readonly name: string;
  readonly packageVersion: number;
  readonly tlsKey?: string;
  readonly tlsCert?: string;
  readonly json?: true;
}

const EXAMPLE = `
Example:
  sealserve seal models/half_plus_two --name half_plus_two --out sealed \\
    --wrap-key owner/wrap.key --signing-key owner/owner.key --tls-key tls/server.key --tls-cert tls/server.crt`;

/** `sealserve seal`: encrypts a model and its TLS identity, and signs the manifest. */
export function addSealCommand(program: Command): void {
  program
    .command("seal")
    .argument("<model-dir>", "folder with numbered versions, or one version (saved_model.pb or model.onnx inside)")
    .summary("encrypt a model and a TLS key, with a signed manifest")
    .description(
      "Encrypts every file in Gramine's encrypted-file format (version 1) and signs a manifest that lists them.",
    )
    .requiredOption("--out <dir>", "folder for the sealed package; must not exist or be empty")
    .requiredOption("--wrap-key <file>", "16-byte key that encrypts the files (see keygen)")
    .requiredOption("--signing-key <file>", "owner's Ed25519 key that signs the manifest (PEM)")
    .requiredOption("--name <model>", "model name that requests use")
    .option("--package-version <n>", "number that must grow with every package of this model", parseVersion, 1)
    .option("--tls-key <file>", "TLS private key of the serving node (PEM)")
    .option("--tls-cert <file>", "its certificate chain (PEM)")
    .option(...JSON_OPTION)
    .addHelpText("after", EXAMPLE)
    .action(seal);
}

function parseVersion(text: string): number {
  const version = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(version) || version < 1) {
    throw new InvalidArgumentError("expected a whole number from 1.");
  }
  return version;
}

async function seal(modelDirectory: string, options: SealOptions, command: Command): Promise<void> {
  if ((options.tlsKey === undefined) !== (options.tlsCert === undefined)) {
    command.error("error: --tls-key and --tls-cert go together");
  }
  const bar = new ProgressBar("sealing");
  try {
    const sealed = await sealPackage({
      modelDirectory,
      output: options.out,
      wrapKey: await readWrapKey(options.wrapKey),
      signingKeyPem: await readNamedText(options.signingKey),
      model: { name: options.name, version: options.packageVersion },
      ...(await readTls(options)),
      onProgress: ({ done, total }) => bar.update(done, total),
      signal: abortOnSignal(),
    });
    bar.clear();
    report(options, sealed);
  } finally {
    bar.clear();
  }
}

async function readTls(options: SealOptions): Promise<{ tls?: { keyPem: string; certificatePem: string } }> {
  if (options.tlsKey === undefined || options.tlsCert === undefined) {
    return {};
  }
  const [keyPem, certificatePem] = await Promise.all([readNamedText(options.tlsKey), readNamedText(options.tlsCert)]);
  return { tls: { keyPem, certificatePem } };
}

function report(options: SealOptions, sealed: Awaited<ReturnType<typeof sealPackage>>): void {
  if (options.json) {
    printJson({
      package: options.out,
      manifestDigest: sealed.manifestDigest,
      files: sealed.files,
      leftOut: sealed.leftOut,
    });
    return;
  }
  tell(`${options.out}: ${options.name}, package version ${options.packageVersion}, ${sealed.files.length} files`);
  tell(`manifest ${sealed.manifestDigest}`);
  if (sealed.leftOut.length > 0) {
    tell(`left out, as they are no version directories: ${sealed.leftOut.join(", ")}`);
  }
}
