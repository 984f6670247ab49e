import { join } from "node:path";
import { parsePckExtension } from "@sealserve/attestation";
import { type Certificate, type EcSigningKey, importPkcs8 } from "@sealserve/core";
import type { Authority } from "../vendor/authority.ts";
import type { SimulatedMachine } from "../vendor/machine.ts";
import { createVendor, type Vendor, vendorOf } from "../vendor/vendor.ts";
import { damaged, ensureKeyFolder, loadAuthority } from "./key-folder.ts";

const FOLDER = "vendor";

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
  await ensureKeyFolder(folder, async () => {
    const { root, platformCa, pck, tcbSigning } = await createVendor({ now });
    return { root, "platform-ca": platformCa, pck, "tcb-signing": tcbSigning };
  });
  const [root, platformCa, pck, tcbSigning] = await Promise.all([
    load(folder, "root"),
    load(folder, "platform-ca"),
    load(folder, "pck"),
    load(folder, "tcb-signing"),
  ]);
  return vendorOf({ root, platformCa, pck, tcbSigning }, machineOf(pck.certificate, folder), now);
}

function load(folder: string, name: string): Promise<Authority> {
  return loadAuthority<EcSigningKey>(folder, name, (pkcs8) => importPkcs8(pkcs8, "ecdsa-with-sha256"));
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
