import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { RequestBody } from "../src/http/request-body.ts";
import { CallScope } from "../src/transport/call-scope.ts";
import { MemoryBudget } from "../src/transport/memory-budget.ts";
import { quickLimits } from "./support/quick-limits.ts";

const MIB = 1 << 20;
/** No power of two, as nearly no body is. */
const SIZE = MIB + 12_345;

test("the pieces of a body are freed as soon as they are in its block, and that serves the next body", async (context) => {
  const budget = new MemoryBudget(16 * MIB);
  const sent = Buffer.from(Uint8Array.from({ length: SIZE }, (_, index) => index % 251));
  const pieces: Uint8Array[] = [];
  const server = createServer((incoming, response) => {
    incoming.on("data", (piece: Uint8Array) => pieces.push(piece));
    const body = new RequestBody(incoming, quickLimits(), budget);
    void body.receive(new CallScope(response)).then((bytes) => {
      response.end(sent.equals(bytes) ? "equal" : "different");
      body.release();
    });
  });
  context.after(() => server.close());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  for (let count = 1; count <= 3; count++) {
    const asking = request({ port, method: "POST", headers: { "content-length": SIZE } });
    asking.end(sent);
    const [response] = await once(asking, "response");
    const [answer] = await once(response, "data");
    assert.equal(String(answer), "equal");
    assert.equal(budget.held, 0);
  }
  const left = pieces.reduce((sum, { length }) => sum + length, 0);
  assert.ok(pieces.length > 3 && left < pieces.length * 4096, `${left} bytes of pieces are left`);
  assert.ok(pieces.some(({ length }) => length === 0));
  assert.ok(
    budget.blocks.keptBytes <= SIZE + 2 * 256 * 1024,
    `${budget.blocks.keptBytes} bytes are kept of three bodies, one after the other`,
  );
});
