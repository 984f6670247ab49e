import { chmod, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import {
  type Certificate,
  decodePem,
  encodePem,
  equalBytes,
  parseCertificate,
  SealserveError,
  type SigningKey,
} from "@sealserve/core";
import { SimulatorError, systemErrorName } from "../errors.ts";
import { type Authority, chainPem } from "../vendor/authority.ts";

const PRIVATE_FILE = 0o600;
const PUBLIC_FILE = 0o644;
const PUBLIC_FOLDER = 0o755;
const OTHERS = 0o077;

/** Authorities by the name of their files. */
export type NamedAuthorities = Readonly<Record<string, Authority<SigningKey>>>;

/**
 * Makes a folder with a certificate (`*.pem`) and a key (`*.key`, mode 0600) for each authority, unless it is there: all
 * files or none. Everything is written beside its place and moved there in one step.
 * @throws SimulatorError `state-unwritable`
 */
export async function ensureKeyFolder(folder: string, create: () => Promise<NamedAuthorities>): Promise<void> {
  if (await exists(folder)) {
    return;
  }
  const authorities = await create();
  try {
    await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
    await moveInto(folder, authorities);
  } catch (cause) {
    throw unwritable(folder, cause);
  }
}

/**
 * The key and the certificate of one authority.
 * @param readKey takes PKCS #8
 * @throws SimulatorError `state-damaged`, `state-exposed` (others may read the key)
 */
export async function loadAuthority<Key extends SigningKey>(
  folder: string,
  name: string,
  readKey: (pkcs8: Uint8Array) => Promise<Key>,
): Promise<Authority<Key>> {
  const path = join(folder, name);
  await expectPrivate(`${path}.key`);
  const key = await readAs(`${path}.key`, (pem) => readKey(onlyBlock(pem, "PRIVATE KEY")));
  const certificate = await readAs(`${path}.pem`, readCertificate);
  if (!equalBytes(key.publicKeyInfo, certificate.publicKeyInfo)) {
    throw damaged(`${path}.key`, "is not the key of its certificate");
  }
  return { key, certificate };
}

/** What is kept in `path` cannot be used. */
export function damaged(path: string, what: string, cause?: unknown): SimulatorError {
  return new SimulatorError("state-damaged", `${path} ${what}`, {
    remedy: "remove the simulator's state directory; a new simulated vendor is made at the next start",
    cause,
  });
}

async function exists(folder: string): Promise<boolean> {
  try {
    await stat(folder);
    return true;
  } catch (cause) {
    if (systemErrorName(cause) === "ENOENT") {
      return false;
    }
    throw unwritable(folder, cause);
  }
}

async function moveInto(folder: string, authorities: NamedAuthorities): Promise<void> {
  const draft = await mkdtemp(join(dirname(folder), `.${basename(folder)}-`));
  try {
    await Promise.all(Object.entries(authorities).map(([name, authority]) => saveAuthority(draft, name, authority)));
    await chmod(draft, PUBLIC_FOLDER);
    await rename(draft, folder);
  } catch (cause) {
    await rm(draft, { recursive: true, force: true });
    if (!["EEXIST", "ENOTEMPTY"].includes(systemErrorName(cause))) {
      throw cause;
    } // otherwise another process came first: its vendor counts
  }
}

async function saveAuthority(folder: string, name: string, authority: Authority<SigningKey>): Promise<void> {
  const path = join(folder, name);
  const key = encodePem("PRIVATE KEY", await authority.key.exportPkcs8());
  await writeFile(`${path}.key`, key, { mode: PRIVATE_FILE, flag: "wx" });
  await writeFile(`${path}.pem`, chainPem(authority), { mode: PUBLIC_FILE, flag: "wx" });
}

async function expectPrivate(path: string): Promise<void> {
  const mode = await stat(path).then(
    (found) => found.mode,
    (cause: unknown) => {
      throw damaged(path, `cannot be read (${systemErrorName(cause)})`, cause);
    },
  );
  if ((mode & OTHERS) !== 0) {
    throw new SimulatorError("state-exposed", `${path} may be read by others`, {
      expected: "mode 0600",
      actual: `mode 0${(mode & 0o777).toString(8)}`,
      remedy: "remove the simulator's state directory, or set the mode to 0600",
    });
  }
}

async function readAs<Value>(path: string, read: (pem: string) => Promise<Value>): Promise<Value> {
  try {
    return await read(await readFile(path, "utf8"));
  } catch (cause) {
    const reason = cause instanceof SealserveError ? cause.message : systemErrorName(cause);
    throw damaged(path, `cannot be used: ${reason}`, cause);
  }
}

async function readCertificate(pem: string): Promise<Certificate> {
  return parseCertificate(onlyBlock(pem, "CERTIFICATE"));
}

function onlyBlock(pem: string, label: string): Uint8Array {
  const [block, ...more] = decodePem(pem, label);
  if (block === undefined || more.length > 0) {
    throw new SimulatorError("state-damaged", `expected one ${label} block`);
  }
  return block.bytes;
}

function unwritable(path: string, cause: unknown): SimulatorError {
  return new SimulatorError("state-unwritable", `cannot keep a simulated vendor in ${path}`, {
    actual: systemErrorName(cause),
    cause,
  });
}
