import assert from "node:assert/strict";
import { createServer } from "node:net";
import { after, describe, it } from "node:test";
import grpc from "@grpc/grpc-js";
import type { ProvenEvidence, RaTlsPeer } from "../src/certificate/verify.ts";
import { raTlsChannelCredentials } from "../src/peer/grpc-credentials.ts";
import type { RaTlsIdentity } from "../src/peer/identity.ts";
import { createRaTlsServer } from "../src/peer/server.ts";
import type { PeerVerification } from "../src/peer/verify-peer.ts";
import { aWhile, identityOf, Latch, listen, slowIdentity, startRelay } from "./peer-ends.ts";
import { OTHER_MR_ENCLAVE, PolicyRefusal, verifierOf } from "./sample-vendor.ts";

const genuine = { verifyEvidence: verifierOf() };
const closing: (() => void)[] = [];

const asBuffer = (bytes: Buffer): Buffer => bytes;
const method = {
  path: "/test.Echo/Say",
  requestStream: false,
  responseStream: false,
  requestSerialize: asBuffer,
  requestDeserialize: asBuffer,
  responseSerialize: asBuffer,
  responseDeserialize: asBuffer,
} as const;

interface GrpcEcho {
  readonly to: { readonly host: string; readonly port: number };
  readonly requests: string[];
  readonly refusals: unknown[];
  /** The verified client of each request, as the handler finds it. */
  readonly callers: (RaTlsPeer<ProvenEvidence> | undefined)[];
}

/** A gRPC server that speaks with verified clients only. */
async function startGrpc(
  options: { verifyClient?: PeerVerification<ProvenEvidence>; identity?: RaTlsIdentity } = {},
): Promise<GrpcEcho> {
  const echo: Omit<GrpcEcho, "to"> = { requests: [], refusals: [], callers: [] };
  const verified = new Map<string, RaTlsPeer<ProvenEvidence>>();
  const application = new grpc.Server();
  application.addService(
    { say: method },
    {
      say: (call: grpc.ServerUnaryCall<Buffer, Buffer>, answer: grpc.sendUnaryData<Buffer>) => {
        echo.requests.push(call.request.toString());
        echo.callers.push(verified.get(call.getPeer()));
        answer(null, call.request);
      },
    },
  );
  const injector = application.createConnectionInjector(grpc.ServerCredentials.createInsecure());
  const server = createRaTlsServer(
    {
      identity: identityOf(),
      verifyClient: genuine,
      protocols: ["h2"],
      onRefused: (error) => echo.refusals.push(error),
      ...options,
    },
    (socket, peer) => {
      const address = `${socket.remoteAddress}:${socket.remotePort}`;
      verified.set(address, peer);
      socket.once("close", () => verified.delete(address));
      injector.injectConnection(socket);
    },
  );
  closing.push(() => {
    server.close();
    injector.destroy();
    application.forceShutdown();
  });
  return { to: await listen(server), ...echo };
}

function clientOf(
  { host, port }: { host: string; port: number },
  options: { verifyServer?: PeerVerification<ProvenEvidence>; identity?: RaTlsIdentity } = {},
  change = (credentials: grpc.ChannelCredentials): grpc.ChannelCredentials => credentials,
): grpc.Client {
  const credentials = raTlsChannelCredentials(grpc, { identity: identityOf(), verifyServer: genuine, ...options });
  const client = new grpc.Client(`${host}:${port}`, change(credentials));
  closing.push(() => client.close());
  return client;
}

function say(client: grpc.Client, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const deadline = new Date(Date.now() + 5000);
    client.makeUnaryRequest(method.path, asBuffer, asBuffer, Buffer.from(text), { deadline }, (error, answer) => {
      if (error !== null || answer === undefined) {
        reject(error ?? new Error("no answer"));
      } else {
        resolve(answer.toString());
      }
    });
  });
}

function held(latch: Latch): PeerVerification<ProvenEvidence> {
  return {
    verifyEvidence: async (evidence, binding) => {
      await latch.wait();
      return genuine.verifyEvidence(evidence, binding);
    },
  };
}

after(() => {
  for (const close of closing) {
    close();
  }
});

describe("two-way RA-TLS with @grpc/grpc-js", () => {
  it("carries calls between verified ends", async () => {
    const { to, requests } = await startGrpc();
    const client = clientOf(to);
    assert.equal(await say(client, "one"), "one");
    assert.equal(await say(client, "two"), "two");
    assert.deepEqual(requests, ["one", "two"]);
  });

  it("tells handlers who the verified client is, by its address", async () => {
    const { to, callers } = await startGrpc();
    const identity = identityOf();
    await say(clientOf(to, { identity }), "who am I");
    const [caller] = callers;
    assert.ok(caller);
    assert.ok(identity.owns(caller.publicKeyInfo));
  });

  it("dispatches no call while the client is verified", async () => {
    const latch = new Latch();
    const { to, requests } = await startGrpc({ verifyClient: held(latch) });
    const answer = say(clientOf(to), "early");
    await latch.reached;
    await aWhile();
    assert.deepEqual(requests, []);
    latch.open();
    assert.equal(await answer, "early");
  });

  it("sends no call while the server is verified", async () => {
    const latch = new Latch();
    const { to, requests } = await startGrpc();
    const relay = await startRelay(to);
    closing.push(() => relay.close());
    const answer = say(clientOf(relay.address, { verifyServer: held(latch) }), "later");
    await latch.reached;
    await aWhile();
    const handshake = relay.bytesFromClient();
    await aWhile();
    assert.equal(relay.bytesFromClient(), handshake);
    assert.deepEqual(requests, []);
    latch.open();
    assert.equal(await answer, "later");
  });

  it("dispatches no call of a client of another enclave", async () => {
    const { to, requests, refusals } = await startGrpc();
    await assert.rejects(say(clientOf(to, { identity: identityOf(OTHER_MR_ENCLAVE) }), "secret"));
    assert.deepEqual(requests, []);
    assert.ok(refusals[0] instanceof PolicyRefusal);
  });

  it("sends no call to a server of another enclave, and says why", async () => {
    const { to, requests } = await startGrpc({ identity: identityOf(OTHER_MR_ENCLAVE) });
    await assert.rejects(
      say(clientOf(to), "secret"),
      (error: grpc.ServiceError) =>
        error.code === grpc.status.UNAVAILABLE && /enclave/.test(`${error.details} ${error.message}`),
    );
    assert.deepEqual(requests, []);
  });

  it("refuses a client without a certificate, and an ordinary TLS client", async () => {
    const { to, requests, refusals } = await startGrpc();
    const { identity: _, ...oneWay } = { identity: undefined, verifyServer: genuine };
    const anonymous = new grpc.Client(`${to.host}:${to.port}`, raTlsChannelCredentials(grpc, oneWay));
    closing.push(() => anonymous.close());
    await assert.rejects(say(anonymous, "secret"));
    const ordinary = new grpc.Client(
      `${to.host}:${to.port}`,
      grpc.credentials.createSsl(null, null, null, { rejectUnauthorized: false }),
    );
    closing.push(() => ordinary.close());
    await assert.rejects(say(ordinary, "secret"));
    assert.deepEqual(requests, []);
    assert.ok(refusals.length >= 2);
  });

  it("survives a server that resets the connection while the platform makes evidence", async () => {
    const latch = new Latch();
    const server = createServer((socket) => latch.reached.then(() => socket.resetAndDestroy()));
    closing.push(() => server.close());
    const client = clientOf(await listen(server), { identity: slowIdentity(latch) });
    await assert.rejects(say(client, "secret"), { code: grpc.status.UNAVAILABLE });
    latch.open();
  });

  it("refuses a server that leads back to the client's own process", async () => {
    const identity = identityOf();
    const { to, requests } = await startGrpc({ identity });
    await assert.rejects(say(clientOf(to, { identity }), "secret"), /this very end/);
    assert.deepEqual(requests, []);
  });

  it("takes call credentials, as other secure channels do", async () => {
    const { to } = await startGrpc();
    let asked = 0;
    const perCall = grpc.credentials.createFromMetadataGenerator((_, done) => {
      asked++;
      done(null, new grpc.Metadata());
    });
    const client = clientOf(to, {}, (credentials) => credentials.compose(perCall));
    assert.equal(await say(client, "composed"), "composed");
    assert.equal(asked, 1);
  });

  it("does not share connections with channels that verify otherwise", async () => {
    const { to } = await startGrpc();
    assert.equal(await say(clientOf(to), "mine"), "mine");
    await assert.rejects(
      say(clientOf(to, { verifyServer: { verifyEvidence: verifierOf(OTHER_MR_ENCLAVE) } }), "yours"),
    );
  });
});
