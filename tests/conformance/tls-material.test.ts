/**
 * Servers with the certificates that `sealserve certs` makes, against the recorded first messages of Gramine's clients: each server
 * must find a key, a signature and a cipher suite that the client knows, under TLS 1.2 as the broker's port speaks it.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createServer, type Server } from "node:tls";
import { createCertificate, encodePem, generateEd25519Key } from "@sealserve/core";
import { sealserve } from "../e2e/command.ts";
import { readVector, vectorsLocation, vectorsPresent } from "../support/vector-files.ts";

interface ClientHello {
  readonly client: string;
  readonly file: string;
}

const HANDSHAKE_RECORD = 22;
const SERVER_HELLO = 2;
const ALERT_RECORD = 21;

const hellos: ClientHello[] = vectorsPresent
  ? (JSON.parse(new TextDecoder().decode(await readVector("ra-tls/manifest.json"))) as { clientHellos: ClientHello[] })
      .clientHellos
  : [];

/** The first record that a server sends back: its kind, and the kind of handshake message in it. */
async function firstAnswer(server: Server, hello: Uint8Array): Promise<number[]> {
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  socket.write(hello);
  const [record] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  return [record.readUInt8(0), record.readUInt8(5)];
}

describe("TLS material and Gramine's clients", {
  skip: vectorsPresent ? false : `no vectors at ${vectorsLocation}`,
}, () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "sealserve-tls-material-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function listen(files: { readonly key: Buffer; readonly cert: Buffer }): Promise<Server> {
    const server = createServer({ ...files, maxVersion: "TLSv1.2" });
    server.on("tlsClientError", () => undefined);
    await once(server.listen(0, "127.0.0.1"), "listening");
    return server;
  }

  it("are there", () => assert.ok(hellos.length >= 4));

  for (const keyType of ["p256", "rsa2048", "rsa3072"]) {
    it(`a ${keyType} certificate is one for every generation`, async () => {
      const args = ["certs", "--out", join(folder, keyType), "--name", "localhost", "--key-type", keyType];
      const { code, stderr } = await sealserve(args);
      assert.equal(code, 0, stderr);
      const server = await listen({
        key: await readFile(join(folder, keyType, "server.key")),
        cert: await readFile(join(folder, keyType, "server.crt")),
      });
      for (const { client, file } of hellos) {
        const answer = await firstAnswer(server, await readVector(`ra-tls/${file}`));
        assert.deepEqual(answer, [HANDSHAKE_RECORD, SERVER_HELLO], client);
      }
      server.close();
    });
  }

  it("an Ed25519 certificate would be none", async () => {
    const key = await generateEd25519Key();
    const name = [{ type: "CN" as const, value: "localhost" }];
    const validity = { notBefore: new Date(Date.now() - 1000), notAfter: new Date(Date.now() + 60_000) };
    const certificate = await createCertificate({
      subject: name,
      issuer: name,
      serialNumber: 1,
      publicKeyInfo: key.publicKeyInfo,
      signer: key,
      ...validity,
    });
    const server = await listen({
      key: Buffer.from(encodePem("PRIVATE KEY", await key.exportPkcs8())),
      cert: Buffer.from(encodePem("CERTIFICATE", certificate)),
    });
    for (const { client, file } of hellos) {
      const [kind] = await firstAnswer(server, await readVector(`ra-tls/${file}`));
      assert.equal(kind, ALERT_RECORD, client);
    }
    server.close();
  });
});
