import { isIP } from "node:net";
import { type Command, InvalidArgumentError, Option } from "commander";
import { JSON_OPTION, printJson, tell } from "../output/terminal.ts";
import { KEY_TYPES, type KeyType } from "../tls-material/key-type.ts";
import { makeTlsMaterial, type TlsMaterial } from "../tls-material/make-tls-material.ts";
import { isServerName } from "../tls-material/server-name.ts";

interface CertsOptions {
  readonly out: string;
  readonly name: readonly string[];
  readonly twoWay?: true;
  readonly clientName?: string;
  readonly keyType: KeyType;
  readonly days: number;
  readonly caDays?: number;
  readonly ca?: string;
  readonly sslCfg?: string;
  readonly json?: true;
}

const MAX_DAYS = 825;
const MAX_CA_DAYS = 3650;
const DEFAULT_CA_DAYS = 1825;
const DEFAULT_CLIENT_NAME = "client";

/** `sealserve certs`: TLS material under a private CA, one-way or two-way. */
export function addCertsCommand(program: Command): void {
  program
    .command("certs")
    .summary("make TLS material for a broker or a serving node")
    .description(
      "Makes a private CA (ca.crt, ca.key) and a server certificate under it (server.crt, server.key); with --two-way also one for a client (client.crt, client.key).",
    )
    .requiredOption("--out <dir>", "folder for the files; files that exist are never overwritten")
    .requiredOption("--name <name...>", "host names and IP addresses the server is reached by", collectNames)
    .option("--two-way", "make a certificate for a client too")
    .option("--client-name <name>", `name in the client's certificate (default: "${DEFAULT_CLIENT_NAME}")`, parseName)
    .addOption(new Option("--key-type <type>", "kind of all keys").choices(KEY_TYPES).default("p256"))
    .option("--days <n>", `validity of server and client, 1 to ${MAX_DAYS} days`, daysUpTo(MAX_DAYS), 90)
    .option(
      "--ca-days <n>",
      `validity of the CA, up to ${MAX_CA_DAYS} days (default: ${DEFAULT_CA_DAYS})`,
      daysUpTo(MAX_CA_DAYS),
    )
    .option("--ca <dir>", "sign with the CA of an earlier run (ca.crt, ca.key) in place of a new one")
    .option("--ssl-cfg <file>", "also write what TensorFlow Serving reads by --ssl_config_file")
    .option(...JSON_OPTION)
    .addHelpText(
      "after",
      "\nExamples:\n  sealserve certs --out tls --name localhost 127.0.0.1\n" +
        "  sealserve certs --out tls --name grpc.example.com --two-way --ssl-cfg ssl.cfg",
    )
    .action(makeCertificates);
}

function parseName(text: string): string {
  if (!isServerName(text)) {
    throw new InvalidArgumentError("expected a DNS name or an IP address.");
  }
  return text;
}

function collectNames(text: string, earlier: readonly string[] | undefined): string[] {
  return [...new Set([...(earlier ?? []), parseName(text)])];
}

function daysUpTo(most: number): (text: string) => number {
  return (text) => {
    const days = Number(text);
    if (!/^\d+$/.test(text) || days < 1 || days > most) {
      throw new InvalidArgumentError(`expected a whole number from 1 to ${most}.`);
    }
    return days;
  };
}

async function makeCertificates(options: CertsOptions, command: Command): Promise<void> {
  expectConsistent(options, command);
  const material = await makeTlsMaterial({
    directory: options.out,
    names: options.name,
    clientName: options.twoWay ? (options.clientName ?? DEFAULT_CLIENT_NAME) : undefined,
    keyType: options.keyType,
    days: options.days,
    caDays: options.caDays ?? Math.max(DEFAULT_CA_DAYS, options.days),
    caDirectory: options.ca,
    sslConfigFile: options.sslCfg,
  });
  if (options.json) {
    printJson(material);
  } else {
    report(options, material);
  }
}

function expectConsistent({ twoWay, clientName, ca, caDays, days }: CertsOptions, command: Command): void {
  if (clientName !== undefined && !twoWay) {
    command.error("error: --client-name goes with --two-way");
  }
  if (ca !== undefined && caDays !== undefined) {
    command.error("error: --ca-days does not go with --ca");
  }
  if (caDays !== undefined && caDays < days) {
    command.error("error: the CA must hold at least as long as --days");
  }
}

function report({ name }: CertsOptions, material: TlsMaterial): void {
  tell(`${material.certificate} and its key are for ${name.join(", ")}, valid until ${material.notAfter}`);
  if (material.clientCertificate !== undefined) {
    tell(`${material.clientCertificate} and its key are for the client`);
  }
  tell(`${material.caCertificate} is what the other side trusts, valid until ${material.caNotAfter}`);
  if (material.caKey !== undefined) {
    tell(`${material.caKey} signs renewals (--ca): keep it offline, or delete it`);
  }
  if (material.sslConfig !== undefined) {
    tell(`${material.sslConfig} holds the server's key: encrypt it for the enclave with sealserve files encrypt`);
  }
  if (name.every((text) => isIP(text) !== 0)) {
    tell("clients of Gramine before 1.8 know no IP addresses in certificates: add a DNS name for them");
  }
}
