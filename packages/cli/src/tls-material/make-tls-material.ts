import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { encodePem } from "@sealserve/core";
import { encodeSslConfig } from "@sealserve/protocol";
import { expectAbsent, writeNewFile } from "../output/new-file.ts";
import { type Authority, createAuthority, loadAuthority } from "./authority.ts";
import { type Identity, type IdentityRequest, issueIdentity } from "./issue.ts";
import type { KeyType } from "./key-type.ts";
import { validityFrom } from "./validity.ts";

/** What to make, and where. */
export interface TlsMaterialRequest {
  readonly directory: string;
  /** Names of the server. */
  readonly names: readonly string[];
  /** Name of the client, for two-way TLS. */
  readonly clientName: string | undefined;
  readonly keyType: KeyType;
  readonly days: number;
  readonly caDays: number;
  /** Folder of a CA to use in place of a new one. */
  readonly caDirectory: string | undefined;
  /** Where to write the configuration that TensorFlow Serving reads. */
  readonly sslConfigFile: string | undefined;
}

/** The files that were made. A CA's key is named only when the CA is new. */
export interface TlsMaterial {
  readonly caCertificate: string;
  readonly caKey?: string;
  readonly certificate: string;
  readonly key: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  readonly sslConfig?: string;
  readonly notAfter: string;
  readonly caNotAfter: string;
}

/**
 * Makes a private CA (or uses one), a certificate for a server and, for two-way TLS, one for a client. Either all files are new or
 * none is written; keys are readable by their owner only.
 * @throws CliError `output-exists`, `ca-unusable`
 */
export async function makeTlsMaterial(request: TlsMaterialRequest): Promise<TlsMaterial> {
  const material = fileNames(request);
  const { caCertificate, certificate, key, clientCertificate, clientKey, sslConfig } = material;
  const files = [caCertificate, material.caKey, certificate, key, clientCertificate, clientKey, sslConfig];
  await expectAbsent(files.filter((file) => file !== undefined));
  const now = new Date();
  const validity = validityFrom(now, request.days);
  const authority = await (request.caDirectory === undefined
    ? createAuthority(request.keyType, validityFrom(now, request.caDays))
    : loadAuthority(request.caDirectory, validity));
  const common = { keyType: request.keyType, validity };
  const server = await issueIdentity(authority, { ...common, purpose: "serverAuth", names: request.names });
  const client = await issueClient(authority, request, common);
  await mkdir(request.directory, { recursive: true });
  await writeAuthority(material, authority);
  await writeIdentity(server, material.certificate, material.key);
  if (client !== undefined && clientCertificate !== undefined && clientKey !== undefined) {
    await writeIdentity(client, clientCertificate, clientKey);
  }
  if (sslConfig !== undefined) {
    await writeSslConfig(sslConfig, server, client === undefined ? undefined : authority);
  }
  return {
    ...material,
    notAfter: validity.notAfter.toISOString(),
    caNotAfter: authority.certificate.notAfter.toISOString(),
  };
}

function fileNames(request: TlsMaterialRequest): Omit<TlsMaterial, "notAfter" | "caNotAfter"> {
  const at = (name: string): string => join(request.directory, name);
  return {
    caCertificate: at("ca.crt"),
    ...(request.caDirectory === undefined ? { caKey: at("ca.key") } : {}),
    certificate: at("server.crt"),
    key: at("server.key"),
    ...(request.clientName === undefined ? {} : { clientCertificate: at("client.crt"), clientKey: at("client.key") }),
    ...(request.sslConfigFile === undefined ? {} : { sslConfig: request.sslConfigFile }),
  };
}

async function issueClient(
  authority: Authority,
  { clientName }: TlsMaterialRequest,
  common: Pick<IdentityRequest, "keyType" | "validity">,
): Promise<Identity | undefined> {
  return clientName === undefined
    ? undefined
    : await issueIdentity(authority, { ...common, purpose: "clientAuth", names: [clientName] });
}

async function writeAuthority(
  { caCertificate, caKey }: Pick<TlsMaterial, "caCertificate" | "caKey">,
  ca: Authority,
): Promise<void> {
  if (caKey !== undefined) {
    await writeNewFile(caKey, await privateKeyPem(ca), { secret: true });
  }
  await writeNewFile(caCertificate, encodePem("CERTIFICATE", ca.certificate.raw));
}

async function writeIdentity(identity: Identity, certificateFile: string, keyFile: string): Promise<void> {
  await writeNewFile(keyFile, await privateKeyPem(identity), { secret: true });
  await writeNewFile(certificateFile, encodePem("CERTIFICATE", identity.certificate));
}

async function writeSslConfig(file: string, server: Identity, clientCa: Authority | undefined): Promise<void> {
  const text = encodeSslConfig({
    serverKeyPem: await privateKeyPem(server),
    serverCertificatePem: encodePem("CERTIFICATE", server.certificate),
    clientCaPem: clientCa === undefined ? undefined : encodePem("CERTIFICATE", clientCa.certificate.raw),
  });
  await writeNewFile(file, text, { secret: true });
}

async function privateKeyPem({ key }: Pick<Identity, "key">): Promise<string> {
  return encodePem("PRIVATE KEY", await key.exportPkcs8());
}
