import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { hostOf } from "./host-of.ts";
import { formatHostPort, isUnspecified, parseEndpoint, parseHostPort } from "./host-port.ts";

describe("parseHostPort()", () => {
  const cases: [string, { host: string; port: number } | undefined][] = [
    ["peer0.org1.example.com:7051", { host: "peer0.org1.example.com", port: 7051 }],
    ["peer_0:1", { host: "peer_0", port: 1 }],
    ["127.0.0.1:0", { host: "127.0.0.1", port: 0 }],
    [":7051", { host: "", port: 7051 }],
    ["[::1]:7051", { host: "::1", port: 7051 }],
    ["::1:7051", undefined],
    ["[peer]:7051", undefined],
    ["peer", undefined],
    ["peer:", undefined],
    ["peer:70510", undefined],
    ["peer:-1", undefined],
    ["peer:0x10", undefined],
    ["peer:https", undefined],
    ["https://peer:7051", undefined],
    ["peer 0:7051", undefined],
    ["-peer:7051", undefined],
    ["", undefined],
    [`${"a".repeat(254)}:1`, undefined],
  ];
  for (const [text, want] of cases) {
    test(JSON.stringify(text.slice(0, 40)), () => assert.deepEqual(parseHostPort(text), want));
  }

  test("is undone by formatHostPort()", () => {
    const hosts = fc.oneof(fc.ipV6(), fc.ipV4(), fc.domain());
    fc.assert(
      fc.property(hosts, fc.nat(65_535), (host, port) => {
        assert.deepEqual(parseHostPort(formatHostPort({ host, port })), { host, port });
      }),
    );
  });
});

test("isUnspecified() knows the two addresses that mean every interface", () => {
  const hosts = ["0.0.0.0", "::", "0:0:0:0:0:0:0:0", "::1", "127.0.0.1", "0.example.com", ""];
  assert.deepEqual(hosts.filter(isUnspecified), ["0.0.0.0", "::", "0:0:0:0:0:0:0:0"]);
});

const good: readonly [string, string, number][] = [
  ["peer0.org1.example.com:7051", "peer0.org1.example.com", 7051],
  ["127.0.0.1:1", "127.0.0.1", 1],
  ["[::1]:65535", "::1", 65535],
];
for (const [text, host, port] of good) {
  test(`"${text}" is an endpoint`, () => {
    assert.deepEqual(parseEndpoint(text), { host, port });
    assert.equal(formatHostPort({ host, port }), text);
  });
}

const bad = [
  "",
  ":7051",
  "host",
  "host:",
  "host:0",
  "host:65536",
  "host:7x",
  "::1:80",
  "[host]:80",
];
for (const text of [
  ...bad,
  "[::1]",
  "http://host:80",
  "host:80/x",
  "ho st:80",
  "host:123456",
  "a%00b:1",
  "hö:1",
  "[fe80::1%eth0]:80",
  "-host:80",
]) {
  test(`"${text}" is no endpoint`, () => assert.equal(parseEndpoint(text), undefined));
}

test("hostOf() takes the port and the brackets away", () => {
  assert.deepEqual(["a:1", "[::1]:1", "b", ""].map(hostOf), ["a", "::1", "b", ""]);
});
