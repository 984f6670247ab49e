import assert from "node:assert/strict";
import { test } from "node:test";
import { clientNetwork } from "@sealserve/ra-tls";

test("clients of one IPv6 network are one, and IPv4 clients are each their own", () => {
  const same: readonly (readonly [string, string])[] = [
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"],
    ["2001:DB8:0001:2::", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["192.0.2.7", "192.0.2.7"],
  ];
  for (const [address, network] of same) {
    assert.equal(clientNetwork(address), network);
  }
  assert.notEqual(clientNetwork("2001:db8:1:3::1"), clientNetwork("2001:db8:1:2::1"));
  assert.notEqual(clientNetwork("::ffff:192.0.2.7"), clientNetwork("::ffff:192.0.2.8"));
  assert.equal(clientNetwork(undefined), "");
});
