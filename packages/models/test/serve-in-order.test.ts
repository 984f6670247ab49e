import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { MessageChannel } from "node:worker_threads";

import type { EngineMessage, EngineRequest } from "../src/engine/messages.ts";
import { packParcel } from "../src/engine/parcel.ts";
import { serveInOrder } from "../src/engine/serve-in-order.ts";

const run = (id: number): EngineMessage => ({ kind: "run", id, signature: "s", inputs: new Map(), outputs: [] });
const close = (id: number): EngineMessage => ({ kind: "close", id });
const withdraw = (id: number): EngineMessage => ({ kind: "withdraw", id });

/** What is served of messages, up to a `close`; `during` is called while a request is served. */
async function served(
  messages: readonly EngineMessage[],
  during: (request: EngineRequest, send: (message: EngineMessage) => void) => Promise<void> | void = () => {},
): Promise<number[]> {
  const { port1, port2 } = new MessageChannel();
  const ids: number[] = [];
  serveInOrder(port2, async (request) => {
    ids.push(request.id);
    await during(request, (message) => port1.postMessage(packParcel([message])));
    if (request.kind === "close") {
      port2.close();
    }
  });
  for (const message of messages) {
    port1.postMessage(packParcel([message]));
  }
  await once(port2, "close");
  return ids;
}

test("requests are served in their order, each after the one before", async () => {
  let busy = 0;
  const ids = await served([run(1), run(2), run(3), close(4)], async () => {
    assert.equal(busy++, 0);
    await new Promise((resolve) => setImmediate(resolve));
    busy--;
  });
  assert.deepEqual(ids, [1, 2, 3, 4]);
});

test("what comes later than the queue is empty is served too", async () => {
  const ids = await served([run(1)], ({ id }, send) => {
    if (id < 3) {
      setImmediate(() => send(id === 1 ? run(2) : close(3)));
    }
  });
  assert.deepEqual(ids, [1, 2, 3]);
});

test("a request that is withdrawn before its turn is not served, even by the last moment", async () => {
  assert.deepEqual(await served([run(1), run(2), withdraw(2), run(3), close(4)]), [1, 3, 4]);
  const lastMoment = await served([run(1), run(2), run(3), close(4)], ({ id }, send) => {
    if (id === 1) {
      send(withdraw(2));
    }
  });
  assert.deepEqual(lastMoment, [1, 3, 4]);
});

test("one that is withdrawn too late, or twice, or never came, disturbs nothing", async () => {
  const ids = await served([withdraw(9), run(1), run(2), close(3)], ({ id }, send) => {
    send(withdraw(id));
    send(withdraw(1));
  });
  assert.deepEqual(ids, [1, 2, 3]);
});
