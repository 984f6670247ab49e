import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { test } from "node:test";
import type { HttpRoute } from "../src/http/route.ts";
import { openHttpServer } from "../src/http/server.ts";
import { MemoryBudget } from "../src/transport/memory-budget.ts";
import { waitFor } from "./support/grpc-client.ts";
import { quickLimits } from "./support/quick-limits.ts";

test("a connection that is told to end while it is in use ends after its answer", { timeout: 10_000 }, async () => {
  const started = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const route = async () => {
    started.resolve();
    await held.promise;
    return { status: 200, body: new Uint8Array() };
  };
  const limits = quickLimits();
  const budget = new MemoryBudget(limits.maxBytesInFlight);
  const options = { tls: "plaintext", routes: [route], limits, budget, log: () => undefined } as const;
  const front = await openHttpServer({ host: "127.0.0.1", port: 0 }, options);
  const agent = new http.Agent({ keepAlive: true });
  const ask = async (): Promise<http.IncomingMessage> => {
    const [response] = await once(http.get({ ...front.address, agent }), "response");
    return response.resume();
  };

  const answer = ask();
  await started.promise;
  front.disconnect();
  held.resolve();
  assert.equal((await answer).statusCode, 200);
  assert.equal((await answer).headers.connection, "close");
  assert.equal((await ask()).headers.connection, "keep-alive", "a connection that is made later stays");
  agent.destroy();
  await front.close();
});

test("a connection that is told to end is cut when its call does not", { timeout: 10_000 }, async () => {
  const given = Promise.withResolvers<AbortSignal>();
  const route: HttpRoute = ({ signal }) => {
    given.resolve(signal);
    return new Promise(() => undefined);
  };
  const limits = quickLimits({ drainTimeoutMs: 100 });
  const options = {
    tls: "plaintext",
    routes: [route],
    limits,
    budget: new MemoryBudget(1024),
    log: () => undefined,
  } as const;
  const front = await openHttpServer({ host: "127.0.0.1", port: 0 }, options);
  const answer = once(http.get({ ...front.address, agent: false }), "response");
  const signal = await given.promise;
  front.disconnect();
  await assert.rejects(answer, { code: "ECONNRESET" });
  await waitFor(() => signal.aborted);
  await front.close();
});
