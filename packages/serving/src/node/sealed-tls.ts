import type { OpenedPackage } from "@sealserve/encrypted-files";
import type { Platform } from "@sealserve/platform";
import { fileRoles, readBoundedFile } from "../config/bounded-file.ts";
import { AttestedCertificate, type CertifiedPorts } from "../evidence/attested-certificate.ts";
import { quoteInTime } from "../evidence/quote-in-time.ts";
import { codeOf } from "../log.ts";
import type { SealedTlsOption } from "../options/server-options.ts";
import { checkTlsMaterial, type TlsMaterial } from "../transport/tls.ts";
import { decryptTlsPair } from "./decrypt.ts";
import type { StartContext } from "./start-context.ts";
import { checkedOrWiped, wipedWithStart } from "./tls-key.ts";

/** The TLS material of a sealed node, and how it stays good. */
export interface SealedTls {
  readonly material: TlsMaterial;
  /** Reads it again; undefined where it never changes. @throws what makes it unusable */
  reread(): Promise<TlsMaterial | undefined>;
  /** Renews it on the ports that are open now, until the node closes. */
  keep(ports: CertifiedPorts): void;
}

type Context = Pick<StartContext, "options" | "steps" | "closers" | "log" | "clock">;
type SourceOf<From extends SealedTlsOption["from"]> = Extract<SealedTlsOption, { readonly from: From }>;

/**
 * Opens the TLS material from where the options say.
 *
 * @throws NodeError `tls-files-missing`, `tls-files-unusable`, `file-too-large`; EncryptedFilesError, RaTlsError, the platform's error
 */
export async function openSealedTls(
  context: Context,
  option: SealedTlsOption,
  opened: OpenedPackage,
  platform: Platform,
): Promise<SealedTls> {
  const tls = await openFrom(context, option, opened, platform);
  wipedWithStart(tls.material, context.closers);
  return tls;
}

async function openFrom(
  context: Context,
  option: SealedTlsOption,
  opened: OpenedPackage,
  platform: Platform,
): Promise<SealedTls> {
  if (option.from === "ra-tls") {
    return await attestedTls(context, option, platform);
  }
  return option.from === "file" ? await tlsOfFiles(context, option) : await tlsOfPackage(context, opened);
}

async function tlsOfPackage({ steps }: Context, opened: OpenedPackage): Promise<SealedTls> {
  const material = await steps.run(
    "TLS pair decrypted",
    async () => checked(await decryptTlsPair(opened)),
    () => "in memory",
  );
  return { material, reread: async () => undefined, keep: () => undefined };
}

async function tlsOfFiles({ steps }: Context, files: SourceOf<"file">): Promise<SealedTls> {
  const read = async (): Promise<TlsMaterial> => {
    const certificate = await readBoundedFile(files.certificateFile, fileRoles.certificates);
    return checked({ key: await readBoundedFile(files.keyFile, fileRoles.tlsKey), certificate });
  };
  const material = await steps.run("TLS files read", read, () => files.certificateFile);
  return { material, reread: read, keep: () => undefined };
}

async function attestedTls(
  { options, steps, closers, log, clock }: Context,
  { lifetimeMs, minimumVersion }: SourceOf<"ra-tls">,
  platform: Platform,
): Promise<SealedTls> {
  const { quoteTimeoutMs } = options.limits;
  const quote: Platform["quote"] = (reportData) => quoteInTime(platform, reportData, quoteTimeoutMs);
  const certificate = new AttestedCertificate({ quote, lifetimeMs, log, clock });
  const first = await steps.run(
    "RA-TLS certificate made",
    () => certificate.make(),
    () => `with evidence, for ${lifetimeMs / 1000} s`,
  );
  const keep = (ports: CertifiedPorts): void => {
    const ending = new AbortController();
    const replaceTls: CertifiedPorts["replaceTls"] = (tls) => ports.replaceTls({ ...tls, minimumVersion });
    void certificate.keep({ ...ports, replaceTls }, ending.signal).catch((error: unknown) => {
      ports.refuseTls();
      log("certificate-not-kept", { code: codeOf(error) });
    });
    closers.add({
      // A certificate that is being made goes nowhere then, and the ports do not wait for it.
      close: async () => ending.abort(),
    });
  };
  return { material: { ...first, minimumVersion }, reread: async () => undefined, keep };
}

function checked(material: TlsMaterial): TlsMaterial {
  return checkedOrWiped(material, checkTlsMaterial);
}
