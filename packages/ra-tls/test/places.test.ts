import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Places } from "../src/server/places.ts";

describe("places", () => {
  it("are no more than the caps, from one address and altogether", () => {
    const places = new Places({ maxConnections: 3, maxConnectionsPerAddress: 2 });
    assert.ok(places.take("a"));
    assert.ok(places.take("a"));
    assert.equal(places.take("a"), undefined);
    assert.ok(places.take("b"));
    assert.equal(places.take("c"), undefined);
  });

  it("are to be had again when they were given back", () => {
    const places = new Places({ maxConnections: 2, maxConnectionsPerAddress: 1 });
    for (let turn = 0; turn < 3; turn++) {
      const leave = places.take("a");
      assert.ok(leave);
      assert.equal(places.take("a"), undefined);
      leave();
    }
  });
});
