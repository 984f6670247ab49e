import assert from "node:assert/strict";
import { once } from "node:events";
import http2, { type ClientHttp2Session, type Http2Server } from "node:http2";
import { after, describe, it } from "node:test";
import type { ProvenEvidence } from "../src/certificate/verify.ts";
import { connectRaTls } from "../src/peer/connect.ts";
import { createRaTlsServer } from "../src/peer/server.ts";
import type { PeerVerification } from "../src/peer/verify-peer.ts";
import { aWhile, identityOf, Latch, listen } from "./peer-ends.ts";
import { OTHER_MR_ENCLAVE, PolicyRefusal, verifierOf } from "./sample-vendor.ts";

const genuine = { verifyEvidence: verifierOf() };
const closing: (() => void)[] = [];

interface Http2Pair {
  readonly to: { readonly host: string; readonly port: number };
  readonly paths: string[];
  readonly refusals: unknown[];
}

/** An HTTP/2 server that speaks with verified clients only. */
async function startHttp2(verifyClient: PeerVerification<ProvenEvidence>, mrEnclave?: string): Promise<Http2Pair> {
  const paths: string[] = [];
  const refusals: unknown[] = [];
  const application: Http2Server = http2.createServer();
  application.on("stream", (stream, headers) => {
    paths.push(String(headers[":path"]));
    stream.respond({ ":status": 200 });
    stream.end("attested");
  });
  const server = createRaTlsServer(
    {
      identity: identityOf(mrEnclave),
      verifyClient,
      protocols: ["h2"],
      onRefused: (error) => refusals.push(error),
    },
    (socket) => application.emit("connection", socket),
  );
  closing.push(() => server.close());
  return { to: await listen(server), paths, refusals };
}

async function get(session: ClientHttp2Session, path: string): Promise<string> {
  const stream = session.request({ ":path": path });
  let body = "";
  stream.setEncoding("utf8").on("data", (chunk: string) => {
    body += chunk;
  });
  await once(stream, "end");
  return body;
}

after(() => {
  for (const close of closing) {
    close();
  }
});

describe("two-way RA-TLS with node:http2", () => {
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    it(`carries requests between verified ends, ${version}`, async () => {
      const { to, paths } = await startHttp2(genuine);
      const { socket } = await connectRaTls({
        to,
        identity: identityOf(),
        verifyServer: genuine,
        protocols: ["h2"],
        maxVersion: version,
      });
      const session = http2.connect("https://enclave", { createConnection: () => socket });
      assert.equal(await get(session, "/one"), "attested");
      assert.equal(await get(session, "/two"), "attested");
      assert.deepEqual(paths, ["/one", "/two"]);
      session.destroy();
    });
  }

  it("keeps what a client sends before it is verified, and answers it after", async () => {
    const latch = new Latch();
    const verifyEvidence: typeof genuine.verifyEvidence = async (evidence, binding) => {
      await latch.wait();
      return genuine.verifyEvidence(evidence, binding);
    };
    const { to, paths } = await startHttp2({ verifyEvidence });
    const { socket } = await connectRaTls({
      to,
      identity: identityOf(),
      verifyServer: genuine,
      protocols: ["h2"],
    });
    const session = http2.connect("https://enclave", { createConnection: () => socket });
    const answer = get(session, "/early");
    await latch.reached;
    await aWhile();
    assert.deepEqual(paths, []);
    latch.open();
    assert.equal(await answer, "attested");
    session.destroy();
  });

  it("answers no request of a client of another enclave", async () => {
    const { to, paths, refusals } = await startHttp2(genuine);
    const { socket } = await connectRaTls({
      to,
      identity: identityOf(OTHER_MR_ENCLAVE),
      verifyServer: genuine,
      protocols: ["h2"],
    });
    const session = http2.connect("https://enclave", { createConnection: () => socket });
    session.on("error", () => undefined);
    const stream = session.request({ ":path": "/secret" });
    stream.on("error", () => undefined);
    await new Promise((resolve) => session.once("close", resolve));
    assert.deepEqual(paths, []);
    assert.ok(refusals[0] instanceof PolicyRefusal);
  });

  it("makes no session to a server of another enclave", async () => {
    const { to, paths } = await startHttp2(genuine, OTHER_MR_ENCLAVE);
    const attempt = connectRaTls({ to, identity: identityOf(), verifyServer: genuine, protocols: ["h2"] });
    await assert.rejects(attempt, PolicyRefusal);
    assert.deepEqual(paths, []);
  });
});
