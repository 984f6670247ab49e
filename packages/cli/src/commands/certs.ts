import { mkdir } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import {
  createCertificate,
  encodePem,
  generateEcKey,
  type NameAttribute,
  parseCertificate,
  type SigningKey,
} from "@sealserve/core";
import { type Command, InvalidArgumentError } from "commander";
import { expectAbsent, writeNewFile } from "../output/new-file.ts";
import { printJson, tell } from "../output/terminal.ts";

interface CertsOptions {
  readonly out: string;
  readonly name: readonly string[];
  readonly days: number;
  readonly json?: true;
}

const DAY_MS = 86_400_000;
/** Clocks differ: certificates begin a little in the past. */
const BACKDATE_MS = 3_600_000;
const MAX_DAYS = 825;

/** `sealserve certs`: a private CA and one server certificate under it. */
export function addCertsCommand(program: Command): void {
  program
    .command("certs")
    .summary("make TLS material for a broker or a serving node")
    .description(
      "Makes a private CA (ca.crt, ca.key) and a server certificate under it (server.crt, server.key), all P-256.",
    )
    .requiredOption("--out <dir>", "folder for the four files; files that exist are never overwritten")
    .requiredOption("--name <name...>", "host names and IP addresses the server is reached by")
    .option("--days <n>", `validity of the server certificate, 1 to ${MAX_DAYS} days`, parseDays, 90)
    .option("--json", "print one JSON document on standard output")
    .addHelpText("after", "\nExample:\n  sealserve certs --out tls --name localhost 127.0.0.1")
    .action(makeCertificates);
}

function parseDays(text: string): number {
  const days = Number(text);
  if (!Number.isInteger(days) || days < 1 || days > MAX_DAYS) {
    throw new InvalidArgumentError(`expected a whole number from 1 to ${MAX_DAYS}.`);
  }
  return days;
}

async function makeCertificates(options: CertsOptions): Promise<void> {
  await expectAbsent(["ca.key", "ca.crt", "server.key", "server.crt"].map((name) => join(options.out, name)));
  const notBefore = new Date(Math.floor((Date.now() - BACKDATE_MS) / 1000) * 1000);
  const notAfter = new Date(notBefore.getTime() + options.days * DAY_MS);
  const caKey = await generateEcKey("P-256");
  const ca = await createAuthority(caKey, notBefore, notAfter);
  const serverKey = await generateEcKey("P-256");
  const server = await createCertificate({
    subject: [{ type: "CN", value: options.name[0] as string }],
    issuer: parseCertificate(ca).subject,
    serialNumber: randomSerial(),
    notBefore,
    notAfter,
    publicKeyInfo: serverKey.publicKeyInfo,
    signer: caKey,
    keyUsage: ["digitalSignature"],
    extendedKeyUsage: ["serverAuth"],
    dns: options.name.filter((name) => isIP(name) === 0),
    ip: options.name.filter((name) => isIP(name) !== 0),
    keyIdentifiers: true,
  });
  await mkdir(options.out, { recursive: true });
  await writePair(options.out, "ca", ca, caKey);
  await writePair(options.out, "server", server, serverKey);
  report(options, notAfter);
}

async function createAuthority(key: SigningKey, notBefore: Date, notAfter: Date): Promise<Uint8Array> {
  const name: NameAttribute[] = [{ type: "CN", value: "Sealserve private CA" }];
  return await createCertificate({
    subject: name,
    issuer: name,
    serialNumber: randomSerial(),
    notBefore,
    notAfter,
    publicKeyInfo: key.publicKeyInfo,
    signer: key,
    ca: { pathLength: 0 },
    keyUsage: ["keyCertSign", "cRLSign"],
    keyIdentifiers: true,
  });
}

/** 16 random bytes, positive and without a leading zero byte (RFC 5280 section 4.1.2.2). */
function randomSerial(): Uint8Array {
  const serial = crypto.getRandomValues(new Uint8Array(16));
  serial[0] = ((serial[0] as number) & 0x7f) | 0x40;
  return serial;
}

async function writePair(directory: string, name: string, certificate: Uint8Array, key: SigningKey): Promise<void> {
  await writeNewFile(join(directory, `${name}.key`), encodePem("PRIVATE KEY", await key.exportPkcs8()), {
    secret: true,
  });
  await writeNewFile(join(directory, `${name}.crt`), encodePem("CERTIFICATE", certificate));
}

function report(options: CertsOptions, notAfter: Date): void {
  const file = (name: string): string => join(options.out, name);
  if (options.json) {
    printJson({
      caCertificate: file("ca.crt"),
      caKey: file("ca.key"),
      certificate: file("server.crt"),
      key: file("server.key"),
      notAfter: notAfter.toISOString(),
    });
    return;
  }
  tell(`${file("server.crt")} and its key are for ${options.name.join(", ")}, valid until ${notAfter.toISOString()}`);
  tell(`${file("ca.crt")} is what clients trust; keep ca.key offline or delete it`);
}
