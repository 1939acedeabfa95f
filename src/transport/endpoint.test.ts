import assert from "node:assert/strict";
import { test } from "node:test";
import { formatEndpoint, parseEndpoint } from "./endpoint.ts";

const good: readonly [string, string, number][] = [
  ["peer0.org1.example.com:7051", "peer0.org1.example.com", 7051],
  ["127.0.0.1:1", "127.0.0.1", 1],
  ["[::1]:65535", "::1", 65535],
];
for (const [text, host, port] of good) {
  test(`"${text}" is an endpoint`, () => {
    assert.deepEqual(parseEndpoint(text), { host, port });
    assert.equal(formatEndpoint(host, port), text);
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
]) {
  test(`"${text}" is no endpoint`, () => assert.equal(parseEndpoint(text), undefined));
}
