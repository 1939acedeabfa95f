import assert from "node:assert/strict";
import { test } from "node:test";
import { originOf } from "./origin.ts";

test("an IPv4 address is its own origin, in whatever form", () => {
  for (const address of ["10.0.0.7", "::ffff:10.0.0.7", "peer0.org1", ""]) {
    assert.equal(originOf(address), address);
  }
});

test("IPv6 addresses of one network of 64 bits have one origin", () => {
  const origins = [
    ["2001:db8:0:7:1:2:3:4", "2001:db8:0:7::/64"],
    ["2001:db8:0:7::1", "2001:db8:0:7::/64"],
    ["2001:db8::8:1:2:3:4", "2001:db8:0:8::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["1:2:3::", "1:2:3:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["::", "0:0:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["::2:3:4:5:6:7:8", "0:2:3:4::/64"],
  ];
  for (const [address = "", origin] of origins) assert.equal(originOf(address), origin, address);
});
