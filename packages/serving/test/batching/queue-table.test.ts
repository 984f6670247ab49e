import assert from "node:assert/strict";
import { test } from "node:test";
import { QueueTable } from "../../src/batching/queue-table.ts";

interface Queue {
  readonly name: string;
  isEmpty: boolean;
}

function table() {
  const queues = new QueueTable<Queue>();
  const find = (name: string, [signature, outputs, shapes]: [string, string[], string]): string =>
    queues.find(signature, outputs, shapes, () => ({ name, isEmpty: false })).name;
  return { queues, find };
}

test("requests for the same outputs, in any order, share a queue; others have their own", () => {
  const { find } = table();
  assert.equal(find("first", ["s", ["a", "b"], "2"]), "first");
  assert.equal(find("again", ["s", ["b", "a"], "2"]), "first");
  assert.equal(find("other shape", ["s", ["a", "b"], "3"]), "other shape");
  assert.equal(find("fewer outputs", ["s", ["a"], "2"]), "fewer outputs");
  assert.equal(find("one output twice", ["s", ["b", "b"], "2"]), "one output twice");
  assert.equal(find("other signature", ["t", ["a", "b"], "2"]), "other signature");
  assert.equal(find("name of two", ["s", ["a,b"], "2"]), "name of two");
});

test("queues that nobody waits in do not pile up", () => {
  const { queues, find } = table();
  find("kept", ["s", ["a"], ""]);
  const idle = queues.find("s", ["b"], "", () => ({ name: "idle", isEmpty: true }));
  assert.equal(queues.find("s", ["b"], "", assert.fail), idle, "it is there until another one is made");
  find("new", ["t", ["a"], ""]);
  assert.deepEqual(
    [...queues.values()].map(({ name }) => name),
    ["kept", "new"],
  );
});
