import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { encodePem, generateRsaKey } from "@sealserve/core";
import {
  connectTls,
  currentIdentity,
  GENERATIONS,
  type Generation,
  provision,
  REQUEST,
  type Target,
} from "./gramine-client.ts";
import {
  createOwner,
  issueCertificate,
  OTHER_MR_ENCLAVE,
  type Owner,
  startTestBroker,
  type TestBroker,
} from "./setup.ts";

const FIRST_MR_ENCLAVE = "44".repeat(32);

/** Enclaves of the first generation have a measurement of their own, under which the key is written in their form. */
function reportOf({ name }: Generation): { mrEnclave?: string } {
  return name.startsWith("first") ? { mrEnclave: FIRST_MR_ENCLAVE } : {};
}

describe("every Gramine generation", () => {
  let owner: Owner;
  let brokers: { readonly [kind: string]: { readonly broker: TestBroker; readonly target: Target } };

  before(async () => {
    owner = await createOwner();
    const key = await generateRsaKey("sha256-with-rsa", 2048);
    const rsaCaPem = encodePem("CERTIFICATE", await issueCertificate({ name: "localhost", key, issuerKey: key }));
    await writeFile(owner.path("rsa.key"), encodePem("PRIVATE KEY", await key.exportPkcs8()));
    await writeFile(owner.path("rsa.crt"), rsaCaPem);
    const rsaTls = "tls: { key: rsa.key, certificate: rsa.crt },";
    brokers = {
      ECDSA: await start("", owner.caPem),
      RSA: await start(rsaTls, rsaCaPem),
      "TLS 1.3": await start("allowTls13: true,", owner.caPem),
    };
  });

  after(() => owner.dispose());

  async function start(members: string, caPem: string): Promise<{ broker: TestBroker; target: Target }> {
    const secret = `{ name: first, file: wrap.key, format: hex-nul, policy: { sgx: { mrEnclave: ["${FIRST_MR_ENCLAVE}"] } } }`;
    const broker = await startTestBroker(owner, {
      secretProvisioning: `secretProvisioning: { listen: "127.0.0.1:0", ${members} secrets: [${secret}] }`,
    });
    return { broker, target: { address: broker.provisioningAddress, caPem } };
  }

  function secretFor({ name }: Generation): Buffer {
    const key = Buffer.from(owner.wrapKey);
    return name.startsWith("first") ? Buffer.from(`${key.toString("hex")}\0`) : key;
  }

  for (const generation of GENERATIONS) {
    for (const kind of ["ECDSA", "RSA"] as const) {
      for (const mode of ["constructor", "call"] as const) {
        it(`gets its secret: ${generation.name}, ${kind} server key, ${mode} mode`, async () => {
          const { broker, target } = brokers[kind] ?? assert.fail();
          const identity = await generation.identity(owner.vendor, reportOf(generation));
          assert.deepEqual(await provision(target, generation, identity, { mode }), secretFor(generation));
          assert.equal(broker.lastAttempt().outcome, "released");
        });
      }
    }

    it(`gets its secret when it writes byte by byte: ${generation.name}`, async () => {
      const { target } = brokers["ECDSA"] ?? assert.fail();
      const identity = await generation.identity(owner.vendor, reportOf(generation));
      assert.deepEqual(await provision(target, generation, identity, { pieceSize: 1 }), secretFor(generation));
    });

    it(`gets nothing for another enclave: ${generation.name}`, async () => {
      const { broker, target } = brokers["RSA"] ?? assert.fail();
      const identity = await generation.identity(owner.vendor, { mrEnclave: "66".repeat(32) });
      await assert.rejects(provision(target, generation, identity), /-104: closed after 0 bytes/);
      assert.equal(broker.lastAttempt().code, "policy-not-met");
    });

    const works = generation.breaksOnTickets ? "breaks, as its TLS library does," : "gets its secret";
    it(`${works} where the owner allows TLS 1.3: ${generation.name}`, async () => {
      const { target } = brokers["TLS 1.3"] ?? assert.fail();
      const identity = await generation.identity(owner.vendor, reportOf(generation));
      const outcome = provision(target, generation, identity);
      if (generation.breaksOnTickets) {
        await assert.rejects(outcome, /-31488/);
      } else {
        assert.deepEqual(await outcome, secretFor(generation));
      }
    });
  }

  it("is offered TLS 1.3 only where the owner allows it, and never a ticket under TLS 1.2", async () => {
    const identity = await currentIdentity(owner.vendor, { mrEnclave: OTHER_MR_ENCLAVE });
    for (const [kind, version] of [
      ["ECDSA", "TLSv1.2"],
      ["RSA", "TLSv1.2"],
      ["TLS 1.3", "TLSv1.3"],
    ] as const) {
      const socket = connectTls(brokers[kind]?.target ?? assert.fail(), identity);
      await once(socket, "secureConnect");
      assert.equal(socket.getProtocol(), version);
      assert.equal(socket.getTLSTicket(), undefined);
      socket.end(REQUEST).resume();
      await once(socket, "close");
    }
  });

  it("is refused before TLS 1.2", async () => {
    const identity = await currentIdentity(owner.vendor);
    for (const { target } of Object.values(brokers)) {
      const versions = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
      await assert.rejects(once(connectTls(target, { ...identity, ...versions }), "secureConnect"), /protocol version/);
    }
  });
});
