import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { format, inspect } from "node:util";
import { SecretKey } from "../src/keys/secret-key.ts";

describe("secret key", () => {
  const bytes = Uint8Array.from({ length: 16 }, (_, index) => 0xa0 + index);

  it("gives its bytes to the one who asks for them", () => {
    const key = new SecretKey(Uint8Array.from(bytes));
    assert.deepEqual(key.reveal(), bytes);
    key.reveal().fill(0);
    assert.deepEqual(key.reveal(), bytes);
  });

  it("does not print", () => {
    const key = new SecretKey(Uint8Array.from(bytes));
    const shown = [
      String(key),
      JSON.stringify({ key }),
      inspect({ key }, { depth: 9, showHidden: true }),
      format("%o %j", key, key),
    ];
    for (const text of shown) {
      assert.match(text, /\[secret\]/);
      assert.doesNotMatch(text, /160|a0a1|oKGi/);
    }
  });

  it("is gone when wiped", () => {
    const own = Uint8Array.from(bytes);
    const key = new SecretKey(own);
    key.wipe();
    assert.throws(() => key.reveal(), /wiped/);
    assert.deepEqual(own, new Uint8Array(16));
  });
});
