import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePkiId } from "../src/wire/received.ts";
import { createAuthority } from "./authority.ts";
import { createSharedIds } from "./shared-ids.ts";

const authority = createAuthority(1);
const request = { mspId: "A", name: "a", owner: 0, notAfterMs: 1 };
const { pkiId } = authority.issue(request).identity;

test("a PKI-ID is written once for all, and read as its bytes say", () => {
  const { read, write } = createSharedIds(authority);
  const bytes = write(pkiId);
  assert.equal(write(pkiId), bytes);
  assert.equal(read(bytes), pkiId);
  assert.equal(parsePkiId(bytes), pkiId);
  assert.equal(read(Uint8Array.from(bytes)), pkiId);
});

test("one that nobody issued is written too, and other bytes are no PKI-ID", () => {
  const { read, write } = createSharedIds(authority);
  const foreign = parsePkiId(new Uint8Array(32).fill(7));
  assert.ok(foreign);
  assert.equal(read(write(foreign)), foreign);
  assert.equal(read(new Uint8Array(31)), undefined);
});
