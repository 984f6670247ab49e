import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, it } from "node:test";
import tls from "node:tls";
import { encodeUtf8 } from "@sealserve/core";
import { channelOf, EXPORTER_LABEL, exporterOf } from "../src/channel.ts";
import { RaTlsError } from "../src/errors.ts";
import { lengthPrefixed } from "../src/length-prefixed.ts";
import { startTlsServer, type TlsPair } from "./tls-pair.ts";

const context = Uint8Array.of(1, 2, 3);

function isBadChannel(error: unknown): boolean {
  return error instanceof RaTlsError && error.code === "bad-channel";
}

describe("TLS channel", () => {
  let listener: Awaited<ReturnType<typeof startTlsServer>>;
  let pairs: TlsPair[];

  before(async () => {
    listener = await startTlsServer();
    pairs = [await listener.connect(), await listener.connect()];
  });

  after(async () => {
    for (const { close } of pairs) {
      close();
    }
    await listener.close();
  });

  function pair(index: number): TlsPair {
    const found = pairs[index];
    assert.ok(found);
    return found;
  }

  it("gives both ends the same 32 bytes", () => {
    const exporter = exporterOf(pair(0).client, context);
    assert.equal(exporter.length, 32);
    assert.deepEqual(exporterOf(pair(0).server, context), exporter);
    const direct = pair(0).client.exportKeyingMaterial(32, EXPORTER_LABEL, Buffer.from(context));
    assert.deepEqual(Buffer.from(exporter), direct);
  });

  it("gives other bytes for another connection or another context", () => {
    const exporter = exporterOf(pair(0).client, context);
    assert.notDeepEqual(exporterOf(pair(1).client, context), exporter);
    assert.notDeepEqual(exporterOf(pair(0).client, Uint8Array.of(1, 2)), exporter);
  });

  it("is the same seen from both ends, with the server's certificate", async () => {
    const seen = await channelOf(pair(0).client, "client", "key-release");
    assert.deepEqual(await channelOf(pair(0).server, "server", "key-release"), seen);
    const { raw } = pair(0).client.getPeerCertificate();
    assert.deepEqual(Buffer.from(seen.serverCertificateSha256), createHash("sha256").update(raw).digest());
  });

  it("takes the purpose and the server's certificate as context of the exporter", async () => {
    const { exporter, serverCertificateSha256 } = await channelOf(pair(0).client, "client", "serving");
    const expected = exporterOf(pair(0).client, lengthPrefixed(encodeUtf8("serving"), serverCertificateSha256));
    assert.deepEqual(exporter, expected);
  });

  it("differs by purpose", async () => {
    const release = await channelOf(pair(0).client, "client", "key-release");
    const serving = await channelOf(pair(0).client, "client", "serving");
    assert.notDeepEqual(serving.exporter, release.exporter);
  });

  it("refuses an end without a server certificate, as a swapped end is", async () => {
    await assert.rejects(channelOf(pair(0).client, "server", "serving"), isBadChannel);
    await assert.rejects(channelOf(pair(0).server, "client", "serving"), isBadChannel);
  });

  it("refuses TLS 1.2", async () => {
    const old = await listener.connect({ maxVersion: "TLSv1.2" });
    assert.equal(old.client.getProtocol(), "TLSv1.2");
    assert.throws(() => exporterOf(old.client, context), isBadChannel);
    assert.throws(() => exporterOf(old.server, context), isBadChannel);
    old.close();
  });

  it("refuses a connection that is not established", async () => {
    const socket = tls.connect({ port: 1, host: "127.0.0.1" });
    socket.on("error", () => undefined);
    assert.throws(() => exporterOf(socket, context), isBadChannel);
    socket.destroy();
    assert.throws(() => exporterOf(socket, context), isBadChannel);
    await assert.rejects(channelOf(socket, "client", "serving"), isBadChannel);
  });
});
