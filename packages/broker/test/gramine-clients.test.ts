import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import tls from "node:tls";
import { encodePem, generateRsaKey } from "@sealserve/core";
import { createOwner, issueCertificate, type Owner, startTestBroker, type TestBroker, waitFor } from "./setup.ts";

const VECTORS = new URL("../../../../shared/vectors/ra-tls/", import.meta.url);
const present = existsSync(new URL("manifest.json", VECTORS));
const skip = present ? false : `no vectors at ${VECTORS.pathname}`;
const REQUEST = "SECRET_PROVISION_RA_TLS_REQUEST_V1\0";

interface Vectors {
  readonly certificates: readonly {
    readonly id: string;
    readonly cert: string;
    readonly key?: string;
    readonly expect: string;
  }[];
  readonly clientHellos: readonly {
    readonly client: string;
    readonly file: string;
    readonly cipherSuites: readonly string[];
  }[];
}

function read(file: string): Buffer {
  return readFileSync(new URL(file, VECTORS));
}

describe("clients of the Gramine generations on the provisioning port", { skip }, () => {
  const vectors: Vectors = present
    ? JSON.parse(read("manifest.json").toString())
    : { certificates: [], clientHellos: [] };
  let owner: Owner;
  let broker: TestBroker;
  let host: string;
  let port: number;
  let rsaPort: number;

  before(async () => {
    owner = await createOwner();
    broker = await startTestBroker(owner);
    const [address = "", portText] = (broker.provisioningAddress ?? "").split(":");
    [host, port] = [address, Number(portText)];
    const key = await generateRsaKey("sha256-with-rsa", 2048);
    const certificate = await issueCertificate({ name: "localhost", key, issuerKey: key });
    await writeFile(owner.path("rsa.key"), encodePem("PRIVATE KEY", await key.exportPkcs8()));
    await writeFile(owner.path("rsa.crt"), encodePem("CERTIFICATE", certificate));
    const identity = "tls: { key: rsa.key, certificate: rsa.crt }";
    const secretProvisioning = `secretProvisioning: { listen: "127.0.0.1:0", ${identity} }`;
    rsaPort = Number((await startTestBroker(owner, { secretProvisioning })).provisioningAddress?.split(":")[1]);
  });

  after(() => owner?.dispose());

  for (const { client, file, cipherSuites, kind } of vectors.clientHellos.flatMap((hello) => [
    { ...hello, kind: "ECDSA" },
    { ...hello, kind: "RSA" },
  ])) {
    it(`are answered in TLS 1.2 with a suite they offer: ${client}, ${kind} server key`, async () => {
      const socket = connect(kind === "RSA" ? rsaPort : port, host);
      socket.write(read(file));
      const [answer] = (await once(socket, "data")) as [Buffer];
      socket.destroy();
      assert.equal(answer.subarray(0, 3).toString("hex"), "160303");
      assert.equal(answer[5], 2, "not a ServerHello");
      assert.equal(answer.subarray(9, 11).toString("hex"), "0303");
      const sessionIdLength = answer[43] ?? 0;
      const suite = answer.subarray(44 + sessionIdLength, 46 + sessionIdLength).toString("hex");
      assert.ok(cipherSuites.includes(suite), suite);
    });
  }

  for (const { id, cert, key, expect } of vectors.certificates) {
    if (key !== undefined && expect === "accept") {
      it(`get as far as their evidence, which no hardware signed: ${id}`, async () => {
        const { length } = broker.early();
        const socket = tls.connect({ host, port, ca: owner.caPem, ...identityOf(cert, key) });
        socket.on("error", () => undefined).resume();
        socket.write(REQUEST);
        await once(socket, "close");
        await waitFor(() => broker.early().slice(length).includes("quote-malformed"));
      });
    }
  }
});

/** Keys of the vectors are PKCS #8, SEC 1 or PKCS #1. */
function identityOf(certFile: string, keyFile: string): { key: string; cert: string } {
  const der = read(keyFile);
  for (const type of ["pkcs8", "sec1", "pkcs1"] as const) {
    try {
      const key = createPrivateKey({ key: der, format: "der", type });
      return {
        key: key.export({ type: "pkcs8", format: "pem" }).toString(),
        cert: encodePem("CERTIFICATE", read(certFile)),
      };
    } catch {
      // The next form may be the right one.
    }
  }
  throw new Error(`${keyFile} is no private key`);
}
