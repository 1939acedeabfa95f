/** What members of one thread have read is shared while there are several of them, and no longer. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "../wire/encode.ts";
import { SERIALIZED_IDENTITY } from "../wire/messages.ts";
import { createMsp } from "./create-msp.ts";
import { createCrypto, type MspCrypto } from "./crypto.ts";
import { makeCertificate, makeKeys, materialOf } from "./testing.ts";

const root = makeCertificate({ commonName: "ca.org", isCa: true });
const msp = createMsp(materialOf([root]));

function makeIdentity(): Uint8Array {
  const { pem } = makeCertificate({
    ...{ commonName: "peer0", units: ["peer"], issuer: root, keys: makeKeys() },
  });
  return encode(SERIALIZED_IDENTITY, { mspid: "OrgMSP", idBytes: pem });
}

/** Members that have judged somebody. */
function members(count: number): MspCrypto[] {
  return Array.from({ length: count }, () => {
    const crypto = createCrypto([msp]);
    assert.ok(crypto.identify(makeIdentity()).ok);
    return crypto;
  });
}

/** Whether another member finds what this one has read. */
function shares(one: MspCrypto, other: MspCrypto): boolean {
  const bytes = makeIdentity();
  const verdicts = [one.identify(bytes), other.identify(bytes)];
  const [first, second] = verdicts.map((verdict) => verdict.ok && verdict.value);
  assert.ok(first);
  return first === second;
}

test("of a single member nothing is kept, also after others have come and gone", () => {
  const gone = members(3);
  assert.ok(gone[0] && gone[1] && shares(gone[0], gone[1]));
  for (const one of gone) one.close();
  const next = createCrypto([msp]);
  const [single] = members(1);
  assert.ok(single);
  assert.equal(shares(single, next), false);
  assert.equal(shares(single, next), true);
  for (const one of [single, next]) one.close();
});

test("what was kept goes when one member is left; closing twice counts once", () => {
  const [first, second, third] = members(3);
  assert.ok(first && second && third);
  const bytes = makeIdentity();
  const before = first.identify(bytes);
  for (const _ of [1, 2]) third.close();
  assert.ok(shares(first, second));
  second.close();
  const other = createCrypto([msp]);
  const later = other.identify(bytes);
  assert.ok(before.ok && later.ok && before.value !== later.value);
  for (const one of [first, other]) one.close();
});

test("whoever judges nobody does not count, and who has ended counts no more", () => {
  const [single, ended] = members(2);
  assert.ok(single && ended);
  ended.close();
  assert.ok(ended.identify(makeIdentity()).ok);
  createCrypto([msp]);
  assert.equal(shares(single, createCrypto([msp])), false);
});
