import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";

import { Outbox } from "../src/engine/outbox.ts";

/** An outbox over a port, what came out at the other end, and what was refused. */
function opened() {
  const { port1, port2 } = new MessageChannel();
  const refused: unknown[] = [];
  const outbox = new Outbox<unknown>({
    send: (messages, buffers) => port1.postMessage(messages, buffers),
    refuse: (message, cause) => refused.push([message, cause instanceof Error ? cause.name : cause]),
  });
  const received = (): unknown[] => {
    const all: unknown[] = [];
    for (let next = receiveMessageOnPort(port2); next !== undefined; next = receiveMessageOnPort(port2)) {
      all.push(next.message);
    }
    return all;
  };
  return { outbox, refused, received, close: () => port1.close() };
}

test("what is gathered goes over together and in order, and nothing goes over of an empty box", () => {
  const { outbox, refused, received, close } = opened();
  outbox.flush();
  outbox.add(1);
  outbox.add(2, [new ArrayBuffer(8)]);
  assert.equal(outbox.empty, false);
  outbox.flush();
  outbox.flush();
  assert.equal(outbox.empty, true);
  assert.deepEqual([received(), refused], [[[1, 2]], []]);
  close();
});

test("messages that cannot be cloned, or whose buffers are gone, are refused alone and the others keep their order", () => {
  const { outbox, refused, received, close } = opened();
  const once = new ArrayBuffer(8);
  const gone = new ArrayBuffer(8);
  gone.transfer();
  const uncloneable = (): undefined => undefined;
  outbox.add("first", [once]);
  outbox.add("again", [once]);
  outbox.add(uncloneable);
  outbox.add("gone", [gone]);
  outbox.add("last");
  outbox.flush();
  assert.deepEqual(received(), [["first"], ["last"]]);
  assert.deepEqual(refused, [
    ["again", "DataCloneError"],
    [uncloneable, "DataCloneError"],
    ["gone", "DataCloneError"],
  ]);
  assert.equal(outbox.empty, true, "what was refused does not come again");
  close();
});
