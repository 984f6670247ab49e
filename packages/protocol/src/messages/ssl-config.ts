import { type CoreError, decodePem, decodeUtf8, encodePem } from "@sealserve/core";
import { ProtocolError } from "../errors.ts";
import { parseTextFormat, type TextField } from "../text-format/parse.ts";

const PRIVATE_KEY_LABELS = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"];
const TRUE = ["true", "True", "t", "1"];
const FALSE = ["false", "False", "f", "0"];
const FIELDS = ["server_key", "server_cert", "custom_ca", "client_verify"] as const;

type FieldName = (typeof FIELDS)[number];

/** TLS material of TensorFlow Serving's gRPC port: `SSLConfig` of tensorflow_serving/config/ssl_config.proto. PEM texts. */
export interface SslConfig {
  /** One unencrypted private key. */
  readonly serverKeyPem: string;
  /** The server's certificate, then those above it. */
  readonly serverCertificatePem: string;
  /** Authorities that clients' certificates must come from; undefined when clients are not asked for one. */
  readonly clientCaPem: string | undefined;
}

/**
 * Reads the file behind TensorFlow Serving's `--ssl_config_file`. PEM bodies without line breaks are wrapped. Unlike TensorFlow
 * Serving, this refuses to verify clients against nothing. No message quotes the key.
 * @throws ProtocolError `bad-text-format`, `bad-ssl-config`, `too-large`
 */
export function parseSslConfig(bytes: Uint8Array): SslConfig {
  const fields = indexFields(parseTextFormat(decodeText(bytes)));
  const clientVerify = readBoolean(fields.get("client_verify"));
  const customCa = fields.has("custom_ca") ? readString(fields, "custom_ca") : "";
  if (clientVerify && customCa === "") {
    throw refusal("client_verify is true, but custom_ca has no certificate to verify clients against");
  }
  return {
    serverKeyPem: readPem(readString(fields, "server_key"), "server_key", PRIVATE_KEY_LABELS, 1),
    serverCertificatePem: readPem(readString(fields, "server_cert"), "server_cert", ["CERTIFICATE"]),
    clientCaPem: clientVerify ? readPem(customCa, "custom_ca", ["CERTIFICATE"]) : undefined,
  };
}

/** The text that {@link parseSslConfig} and TensorFlow Serving read. */
export function encodeSslConfig({ serverKeyPem, serverCertificatePem, clientCaPem }: SslConfig): string {
  return [
    `server_key: ${quote(serverKeyPem)}`,
    `server_cert: ${quote(serverCertificatePem)}`,
    `custom_ca: ${quote(clientCaPem ?? "")}`,
    `client_verify: ${clientCaPem !== undefined}`,
    "",
  ].join("\n");
}

function decodeText(bytes: Uint8Array): string {
  try {
    return decodeUtf8(bytes);
  } catch (cause) {
    throw new ProtocolError("bad-text-format", "the SSL configuration is not UTF-8", { cause });
  }
}

function indexFields(fields: readonly TextField[]): Map<FieldName, TextField> {
  const index = new Map<FieldName, TextField>();
  for (const field of fields) {
    const name = FIELDS.find((known) => known === field.name);
    if (name === undefined) {
      throw refusal(`line ${field.line} has an unknown field`, `one of ${FIELDS.join(", ")}`);
    }
    if (index.has(name)) {
      throw refusal(`line ${field.line} gives ${name} again`);
    }
    index.set(name, field);
  }
  return index;
}

function readString(fields: ReadonlyMap<FieldName, TextField>, name: FieldName): string {
  const field = fields.get(name);
  if (field?.value.kind !== "string") {
    throw refusal(field === undefined ? `${name} is missing` : `${name} in line ${field.line} is no string`);
  }
  return decodeText(field.value.bytes);
}

function readBoolean(field: TextField | undefined): boolean {
  if (field === undefined) {
    return false;
  }
  const word = field.value.kind === "word" ? field.value.text : "";
  if (![...TRUE, ...FALSE].includes(word)) {
    throw refusal(`client_verify in line ${field.line} is neither true nor false`);
  }
  return TRUE.includes(word);
}

function readPem(text: string, name: FieldName, labels: readonly string[], most = Number.POSITIVE_INFINITY): string {
  const blocks = decodeBlocks(text, name);
  const [label] = labels;
  if (blocks.length > most || blocks.some((block) => !labels.includes(block.label))) {
    throw refusal(`${name} holds something else in PEM`, most === 1 ? `one unencrypted ${label}` : `${label} only`);
  }
  return blocks.map((block) => encodePem(block.label, block.bytes)).join("");
}

function decodeBlocks(text: string, name: FieldName): ReturnType<typeof decodePem> {
  try {
    return decodePem(text);
  } catch (cause) {
    throw refusal(`${name} is not PEM: ${(cause as CoreError).message}`);
  }
}

function quote(text: string): string {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
  return `"${escaped}"`;
}

function refusal(problem: string, expected?: string): ProtocolError {
  return new ProtocolError("bad-ssl-config", `SSL configuration: ${problem}`, { expected });
}
