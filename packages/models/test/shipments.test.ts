import assert from "node:assert/strict";
import { test } from "node:test";

import { Shipments } from "../src/engine/shipments.ts";

test("a message counts until the last request in it is settled, one without requests never", () => {
  const shipments = new Shipments();
  shipments.sent([1, 2]);
  shipments.sent([]);
  shipments.sent([3]);
  assert.equal(shipments.open, 2);
  shipments.settle(2);
  shipments.settle(2);
  assert.equal(shipments.open, 2, "settled twice counts once");
  shipments.settle(1);
  assert.equal(shipments.open, 1);
  shipments.settle(7);
  assert.equal(shipments.open, 1, "a request that was not sent changes nothing");
  shipments.settle(3);
  assert.equal(shipments.open, 0);
});
