import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { type ConnectionOptions, connect, createServer, type TlsOptions } from "node:tls";
import { parseSslConfig } from "@sealserve/protocol";
import { KEY_TYPES } from "../src/tls-material/key-type.ts";
import { makeTlsMaterial, type TlsMaterialRequest } from "../src/tls-material/make-tls-material.ts";
import { commonNameOf, isServerName } from "../src/tls-material/server-name.ts";

const NAME = "grpc.tf-serving.service.com";
const DAY_MS = 86_400_000;

const base = await mkdtemp(join(tmpdir(), "sealserve-certs-"));
after(() => rm(base, { recursive: true }));
let folders = 0;

function request(changes: Partial<TlsMaterialRequest> = {}): TlsMaterialRequest {
  return {
    directory: join(base, String(folders++)),
    names: [NAME],
    clientName: undefined,
    keyType: "p256",
    days: 90,
    caDays: 1825,
    caDirectory: undefined,
    sslConfigFile: undefined,
    ...changes,
  };
}

const certificateIn = async (file: string): Promise<X509Certificate> => new X509Certificate(await readFile(file));

/** What both sides of a TLS connection think of each other; the client's failure when there is one. */
async function handshake(server: TlsOptions, client: ConnectionOptions): Promise<string> {
  const listener = createServer(server, (socket) => socket.end("hello"));
  listener.on("tlsClientError", () => undefined);
  await once(listener.listen(0, "127.0.0.1"), "listening");
  const { port } = listener.address() as AddressInfo;
  try {
    return await new Promise((resolve) => {
      const socket = connect({ port, host: "127.0.0.1", servername: NAME, ...client });
      socket.on("data", () => resolve(`${socket.getProtocol()}`));
      socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      socket.on("close", () => resolve("closed"));
    });
  } finally {
    listener.close();
  }
}

describe("TLS material", () => {
  for (const keyType of KEY_TYPES) {
    it(`with ${keyType} keys suits clients of every generation`, async () => {
      const made = await makeTlsMaterial(request({ keyType, names: [NAME, "localhost", "127.0.0.1"] }));
      const certificate = await certificateIn(made.certificate);
      assert.equal(certificate.subject, `CN=${NAME}`);
      assert.equal(certificate.subjectAltName, `DNS:${NAME}, DNS:localhost, IP Address:127.0.0.1`);
      assert.notEqual(certificate.publicKey.asymmetricKeyType, "ed25519");
      const server = { key: await readFile(made.key), cert: await readFile(made.certificate) };
      const ca = await readFile(made.caCertificate);
      for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
        assert.equal(await handshake(server, { ca, maxVersion }), maxVersion);
      }
      assert.equal(await handshake(server, { ca, servername: "other.example" }), "ERR_TLS_CERT_ALTNAME_INVALID");
    });
  }

  it("holds from an hour ago, for the server as long as asked, for the CA longer", async () => {
    const made = await makeTlsMaterial(request({ days: 30 }));
    const [server, ca] = [await certificateIn(made.certificate), await certificateIn(made.caCertificate)];
    const from = Date.parse(server.validFrom);
    assert.ok(from < Date.now() && from > Date.now() - 2 * 3_600_000);
    assert.equal((Date.parse(server.validTo) - from) / DAY_MS, 30);
    assert.equal((Date.parse(ca.validTo) - Date.parse(ca.validFrom)) / DAY_MS, 1825);
    assert.deepEqual([ca.ca, server.ca], [true, false]);
    assert.notEqual(ca.serialNumber, server.serialNumber);
  });

  it("two-way: the server takes the client's certificate, and no other", async () => {
    const made = await makeTlsMaterial(request({ clientName: "client.tf-serving.service.com" }));
    const other = await makeTlsMaterial(request({ clientName: "client.tf-serving.service.com" }));
    const ca = await readFile(made.caCertificate);
    const server: TlsOptions = {
      key: await readFile(made.key),
      cert: await readFile(made.certificate),
      ca,
      requestCert: true,
      rejectUnauthorized: true,
    };
    const identity = async ({ clientKey = "", clientCertificate = "" }): Promise<ConnectionOptions> => ({
      key: await readFile(clientKey),
      cert: await readFile(clientCertificate),
    });
    assert.equal(await handshake(server, { ca, ...(await identity(made)) }), "TLSv1.3");
    assert.notEqual(await handshake(server, { ca }), "TLSv1.3");
    assert.notEqual(await handshake(server, { ca, ...(await identity(other)) }), "TLSv1.3");
    const asClient = { key: await readFile(made.key), cert: await readFile(made.certificate) };
    assert.notEqual(await handshake(server, { ca, ...asClient }), "TLSv1.3", "a server's certificate is no client's");
  });

  it("writes the ssl.cfg of TensorFlow Serving, one-way and two-way", async () => {
    const sslConfigFile = join(base, "one-way.cfg");
    const made = await makeTlsMaterial(request({ sslConfigFile }));
    assert.deepEqual(parseSslConfig(await readFile(sslConfigFile)), {
      serverKeyPem: await readFile(made.key, "utf8"),
      serverCertificatePem: await readFile(made.certificate, "utf8"),
      clientCaPem: undefined,
    });
    const twoWayFile = join(base, "two-way.cfg");
    const twoWay = await makeTlsMaterial(request({ sslConfigFile: twoWayFile, clientName: "client" }));
    const config = parseSslConfig(await readFile(twoWayFile));
    assert.equal(config.clientCaPem, await readFile(twoWay.caCertificate, "utf8"));
  });

  it("keeps keys to their owner", async () => {
    const made = await makeTlsMaterial(request({ clientName: "client", sslConfigFile: join(base, "secret.cfg") }));
    for (const file of [made.key, made.caKey ?? "", made.clientKey ?? "", made.sslConfig ?? ""]) {
      assert.equal((await stat(file)).mode & 0o777, 0o600, file);
    }
  });

  for (const existing of ["ca.key", "ca.crt", "server.key", "server.crt", "client.key", "client.crt", "ssl.cfg"]) {
    it(`writes nothing when ${existing} exists`, async () => {
      const directory = join(base, String(folders++));
      await mkdir(directory);
      await writeFile(join(directory, existing), "mine");
      await assert.rejects(
        makeTlsMaterial(request({ directory, clientName: "client", sslConfigFile: join(directory, "ssl.cfg") })),
        { code: "output-exists" },
      );
      assert.deepEqual(await readdir(directory), [existing]);
      assert.equal(await readFile(join(directory, existing), "utf8"), "mine");
    });
  }
});

describe("the CA of an earlier run", () => {
  for (const keyType of ["p256", "rsa2048"] as const) {
    it(`signs a renewal that clients of the first certificate accept (${keyType})`, async () => {
      const first = request({ keyType });
      const made = await makeTlsMaterial(first);
      const renewed = await makeTlsMaterial(request({ caDirectory: first.directory, keyType: "p256" }));
      assert.equal(renewed.caKey, undefined);
      assert.deepEqual(await readFile(renewed.caCertificate), await readFile(made.caCertificate));
      const server = { key: await readFile(renewed.key), cert: await readFile(renewed.certificate) };
      assert.equal(await handshake(server, { ca: await readFile(made.caCertificate) }), "TLSv1.3");
    });
  }

  const spoilt: readonly (readonly [string, RegExp, (directory: string) => Promise<void>])[] = [
    [
      "of another CA",
      /does not belong/,
      async (directory) => {
        const other = await makeTlsMaterial(request());
        await writeFile(join(directory, "ca.key"), await readFile(other.caKey ?? ""));
      },
    ],
    [
      "that is no CA",
      /not the certificate of a CA/,
      async (directory) => {
        for (const kind of ["key", "crt"]) {
          await writeFile(join(directory, `ca.${kind}`), await readFile(join(directory, `server.${kind}`)));
        }
      },
    ],
    ["that is no PEM", /cannot be used/, (directory) => writeFile(join(directory, "ca.key"), "key")],
  ];
  for (const [what, message, spoil] of spoilt) {
    it(`is refused with a key or certificate ${what}`, async () => {
      const first = request();
      await makeTlsMaterial(first);
      await spoil(first.directory);
      const next = request({ caDirectory: first.directory });
      await assert.rejects(makeTlsMaterial(next), { code: "ca-unusable", message });
      await assert.rejects(readdir(next.directory), { code: "ENOENT" });
    });
  }

  it("is refused when it ends before what it signs", async () => {
    const first = request({ days: 10, caDays: 20 });
    await makeTlsMaterial(first);
    await assert.rejects(makeTlsMaterial(request({ caDirectory: first.directory, days: 21 })), {
      code: "ca-unusable",
      message: /ends before/,
    });
  });
});

describe("names of servers", () => {
  for (const name of ["localhost", NAME, "*.example.com", "tf_serving", "10.0.0.1", "::1", "a".repeat(63)]) {
    it(`takes ${name.slice(0, 30)}`, () => assert.equal(isServerName(name), true));
  }
  for (const name of [
    "",
    "not a name",
    "a..b",
    ".a",
    "a.",
    "-a",
    "a-",
    "*",
    "a.*",
    "*.",
    "1.2.3",
    "10.0.0.256",
    "ä.de",
    "a/b",
    "a:1",
    "a\n",
    `${"a".repeat(64)}.b`,
    `${"a.".repeat(127)}b`.replace("a", "aa"),
  ]) {
    it(`refuses ${JSON.stringify(name.slice(0, 30))}`, () => assert.equal(isServerName(name), false));
  }

  it("puts a DNS name that fits into the common name, wherever it stands", () => {
    assert.equal(commonNameOf(["10.0.0.1", NAME]), NAME);
    assert.equal(commonNameOf(["10.0.0.1"]), "10.0.0.1");
    const long = `${"a".repeat(60)}.example`;
    assert.equal(commonNameOf([long, "b.example"]), "b.example");
    assert.equal(commonNameOf([long]), "Sealserve");
  });
});
