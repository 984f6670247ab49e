import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { after, before, describe, it } from "node:test";
import tls from "node:tls";
import { encodePem } from "@sealserve/core";
import { connectRaTls, createRaTlsServer, RaTlsIdentity } from "@sealserve/ra-tls";
import {
  acceptProductionEnclave,
  type RaTlsVector,
  raTlsVectorKey,
  raTlsVectors,
  readRaTlsVector,
  skipWithoutRaTlsVectors,
} from "../support/ra-tls-vectors.ts";

const verification = { verifyEvidence: acceptProductionEnclave };

/** A quote of the right form; nothing here asks who signed it. */
async function quote(reportData: Uint8Array): Promise<Uint8Array> {
  const bytes = new Uint8Array(436);
  bytes.set(reportData, 368);
  return bytes;
}

describe("ends with the certificates and keys of real RA-TLS peers", { skip: skipWithoutRaTlsVectors }, () => {
  let server: Server = createServer();
  let to = { host: "127.0.0.1", port: 0 };

  before(async () => {
    const identity = new RaTlsIdentity({ quote });
    server = createRaTlsServer({ identity, verifyClient: verification }, (socket) => socket.end("accepted"));
    server.listen(0, to.host);
    await once(server, "listening");
    to = { ...to, port: (server.address() as AddressInfo).port };
  });

  after(() => server.close());

  for (const vector of raTlsVectors().filter(({ key }) => key !== undefined)) {
    const accepted = vector.expect !== "reject";
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      it(`${accepted ? "are served" : "get nothing"} as clients, ${maxVersion}: ${vector.id}`, async () => {
        assert.equal(await answerTo({ ...to, ...materialOf(vector), maxVersion }), accepted ? "accepted" : "");
      });

      it(`${accepted ? "are accepted" : "are refused"} as servers, ${maxVersion}: ${vector.id}`, async () => {
        const peer = tls.createServer({ ...materialOf(vector), maxVersion });
        peer.on("secureConnection", (socket) => socket.on("error", () => undefined)).listen(0, to.host);
        await once(peer, "listening");
        const { port } = peer.address() as AddressInfo;
        const attempt = connectRaTls({ to: { host: to.host, port }, verifyServer: verification });
        if (accepted) {
          (await attempt).socket.destroy();
        } else {
          await assert.rejects(attempt);
        }
        peer.close();
      });
    }
  }
});

function materialOf({ cert, key = "" }: RaTlsVector): { readonly key: string; readonly cert: string } {
  return {
    key: raTlsVectorKey(key).export({ type: "pkcs8", format: "pem" }).toString(),
    cert: encodePem("CERTIFICATE", readRaTlsVector(cert)),
  };
}

/** All that a server says until the connection ends, however that may be. */
async function answerTo(options: tls.ConnectionOptions): Promise<string> {
  const socket = tls.connect({ ...options, rejectUnauthorized: false });
  let answer = "";
  socket.on("data", (chunk) => {
    answer += chunk;
  });
  socket.on("error", () => undefined);
  await new Promise((resolve) => socket.once("close", resolve));
  return answer;
}
