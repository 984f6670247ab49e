import { chmod, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parsePckExtension } from "@sealserve/attestation";
import {
  type Certificate,
  decodePem,
  type EcSigningKey,
  encodePem,
  equalBytes,
  importPkcs8,
  parseCertificate,
  SealserveError,
} from "@sealserve/core";
import { SimulatorError, systemErrorName } from "../errors.ts";
import { type Authority, chainPem } from "../vendor/authority.ts";
import type { Authorities, Role } from "../vendor/certificates.ts";
import type { SimulatedMachine } from "../vendor/machine.ts";
import { createVendor, type Vendor, vendorOf } from "../vendor/vendor.ts";

const FOLDER = "vendor";
const FILE_NAMES: Readonly<Record<Role, string>> = {
  root: "root",
  platformCa: "platform-ca",
  pck: "pck",
  tcbSigning: "tcb-signing",
};
const ROLES = ["root", "platformCa", "pck", "tcbSigning"] as const satisfies readonly Role[];

const PRIVATE_FILE = 0o600;
const PUBLIC_FILE = 0o644;
const PUBLIC_FOLDER = 0o755;
const OTHERS = 0o077;

/** Where {@link loadOrCreateVendor} keeps the root certificate, the one file of a vendor that others need. */
export function vendorRootFile(stateDirectory: string): string {
  return join(stateDirectory, FOLDER, "root.pem");
}

/**
 * The vendor kept in `stateDirectory`: a certificate (`*.pem`) and a key (`*.key`, mode 0600) for each role. Made at
 * first use, all files or none; when two processes come first, both get the same vendor.
 * @throws SimulatorError `state-damaged`, `state-exposed` (others may read a key), `state-unwritable`
 */
export async function loadOrCreateVendor(stateDirectory: string, now: Date = new Date()): Promise<Vendor> {
  const folder = join(stateDirectory, FOLDER);
  if (!(await exists(folder))) {
    await createState(stateDirectory, folder, now);
  }
  const [root, platformCa, pck, tcbSigning] = await Promise.all(ROLES.map((role) => loadAuthority(folder, role)));
  if (root === undefined || platformCa === undefined || pck === undefined || tcbSigning === undefined) {
    throw damaged(folder, "is incomplete");
  }
  const authorities: Authorities = { root, platformCa, pck, tcbSigning };
  return vendorOf(authorities, machineOf(pck.certificate, folder), now);
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

/** Writes everything beside its place and moves it there in one step. */
async function createState(stateDirectory: string, folder: string, now: Date): Promise<void> {
  const vendor = await createVendor({ now });
  try {
    await mkdir(stateDirectory, { recursive: true, mode: 0o700 });
    const draft = await mkdtemp(join(stateDirectory, `.${FOLDER}-`));
    try {
      await Promise.all(ROLES.map((role) => saveAuthority(draft, role, vendor[role])));
      await chmod(draft, PUBLIC_FOLDER);
      await rename(draft, folder);
    } catch (cause) {
      await rm(draft, { recursive: true, force: true });
      if (!["EEXIST", "ENOTEMPTY"].includes(systemErrorName(cause))) {
        throw cause;
      } // otherwise another process came first: its vendor counts
    }
  } catch (cause) {
    throw unwritable(folder, cause);
  }
}

async function saveAuthority(folder: string, role: Role, authority: Authority): Promise<void> {
  const path = join(folder, FILE_NAMES[role]);
  const key = encodePem("PRIVATE KEY", await authority.key.exportPkcs8());
  await writeFile(`${path}.key`, key, { mode: PRIVATE_FILE, flag: "wx" });
  await writeFile(`${path}.pem`, chainPem(authority), { mode: PUBLIC_FILE, flag: "wx" });
}

async function loadAuthority(folder: string, role: Role): Promise<Authority> {
  const path = join(folder, FILE_NAMES[role]);
  await expectPrivate(`${path}.key`);
  const key = await readAs(`${path}.key`, readKey);
  const certificate = await readAs(`${path}.pem`, readCertificate);
  if (!equalBytes(key.publicKeyInfo, certificate.publicKeyInfo)) {
    throw damaged(`${path}.key`, "is not the key of its certificate");
  }
  return { key, certificate };
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

async function readKey(pem: string): Promise<EcSigningKey> {
  return importPkcs8(onlyBlock(pem, "PRIVATE KEY"), "ecdsa-with-sha256");
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

/** The machine as its PCK certificate describes it. */
function machineOf(pck: Certificate, folder: string): SimulatedMachine {
  try {
    const { components: componentSvns, platformInstanceId, fmspc, pceId, pceSvn, ppid } = parsePckExtension(pck);
    if (platformInstanceId !== undefined) {
      return { fmspc, pceId, componentSvns, pceSvn, ppid, platformInstanceId };
    }
  } catch (cause) {
    throw damaged(folder, "has a PCK certificate that describes no machine", cause);
  }
  throw damaged(folder, "has a PCK certificate without platform instance id");
}

function damaged(path: string, what: string, cause?: unknown): SimulatorError {
  return new SimulatorError("state-damaged", `${path} ${what}`, {
    remedy: "remove the simulator's state directory; a new simulated vendor is made at the next start",
    cause,
  });
}

function unwritable(path: string, cause: unknown): SimulatorError {
  return new SimulatorError("state-unwritable", `cannot keep a simulated vendor in ${path}`, {
    actual: systemErrorName(cause),
    cause,
  });
}
