/** What an MSP demands beside a chain: revocation lists and organisational units. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sanitizeCertificate } from "./certificate.ts";
import { certifiersIdOf, judgeByMsps, rolesOf, textOf } from "./judge.ts";
import type { UnitRuleSource } from "./msp.ts";
import { canonicalSignature } from "./signatures.ts";
import { fileOf, keyIdOf, type Made, makeKeys, makeRevocationList, parsed } from "./testing.ts";

import { judge, makeMsp, makePeer, makeRoot, toHighS } from "./testing-judge.ts";

describe("revocation", () => {
  const root = makeRoot();
  const listed = makePeer(root, { serial: 200 });
  const judgeWith = (list: Uint8Array, identity = listed) =>
    judge(makeMsp([root], { revocationLists: [{ name: "crl.pem", bytes: list }] }), identity);

  test("a listed serial number is refused, though the list is years out of date", () => {
    assert.match(judgeWith(makeRevocationList(root, [199, 200])), /^identity-revoked: CN=ca\.org/);
  });
  test("others are not", () => {
    assert.equal(judgeWith(makeRevocationList(root, [199])), "accepted");
    assert.equal(judgeWith(makeRevocationList(root, [])), "accepted");
  });
  test("a list somebody else signed in the name of the CA counts for nothing", () => {
    const impostor = { ...root, ...makeKeys() };
    const list = makeRevocationList(impostor, [200], keyIdOf(root.publicKey));
    assert.equal(judgeWith(list), "accepted");
    const { warnings } = makeMsp([root], { revocationLists: [{ name: "crl.pem", bytes: list }] });
    assert.deepEqual(warnings, ["crl.pem is ignored: CN=ca.org did not sign it."]);
  });
  test("a list of another CA counts for nothing", () => {
    const list = makeRevocationList(makeRoot(), [200]);
    assert.equal(judgeWith(list), "accepted");
  });
});

describe("organisational units", () => {
  const root = makeRoot();
  const other = makeRoot({ commonName: "other.org" });
  const rule = (unit: string, ca?: Made): UnitRuleSource => ({
    unit,
    certificate: ca && fileOf(ca),
  });

  test("required units: one must be there, below the named CA", () => {
    const msp = makeMsp([root, other], {
      requiredUnits: [rule("blue", root), rule("red", other)],
      roleUnits: new Map(),
      adminCerts: [fileOf(makePeer(root, { units: ["blue"] }), "admin.pem")],
    });
    assert.equal(judge(msp, makePeer(root, { units: ["x", "blue"] })), "accepted");
    assert.equal(judge(msp, makePeer(other, { units: ["red"] })), "accepted");
    assert.match(judge(msp, makePeer(other, { units: ["blue"] })), /none of its organisational/);
    assert.match(judge(msp, makePeer(root, { units: [] })), /\(it has none\)$/);
  });

  test("a role bound to one CA is refused below another", () => {
    const roleUnits = new Map([
      ["peer", rule("peer", root)],
      ["admin", rule("admin")],
    ] as const);
    const msp = makeMsp([root, other], { roleUnits });
    assert.equal(judge(msp, makePeer(root)), "accepted");
    assert.match(judge(msp, makePeer(other)), /role is reserved to another CA/);
    assert.equal(judge(msp, makePeer(other, { units: ["admin"] })), "accepted");
  });

  test("the same role twice is two roles", () => {
    assert.match(
      judge(makeMsp([root]), makePeer(root, { units: ["peer", "peer"] })),
      /several roles/,
    );
  });

  test("a certificate in admincerts is an admin, whatever its role", () => {
    const admin = makePeer(root, { units: ["admin"], reshape: toHighS });
    const msp = makeMsp([root], { adminCerts: [fileOf(admin)] });
    const verdict = judgeByMsps([msp], "OrgMSP", textOf(admin.pem));
    assert(verdict.ok);
    const withoutRules = { ...msp, roleUnits: new Map() };
    assert.deepEqual(rolesOf(withoutRules, verdict.value), ["admin"]);
    const [leaf] = verdict.value.chain;
    assert(leaf);
    assert.deepEqual(msp.admins[0]?.der, sanitizeCertificate(leaf, parsed(root)).der);
  });

  test("the certifiers identifier hashes the CAs in low-S form, issuer first", () => {
    const high = makeRoot({ reshape: toHighS });
    const [ca] = makeMsp([high]).roots;
    assert(ca);
    assert.notDeepEqual(ca.der, high.der);
    assert.deepEqual(canonicalSignature(ca.signature), ca.signature);
    assert.notEqual(certifiersIdOf([ca]), certifiersIdOf([parsed(high)]));
    const other = parsed(makeRoot());
    assert.notEqual(certifiersIdOf([ca, other]), certifiersIdOf([ca]));
    assert.equal(certifiersIdOf([ca, other]), certifiersIdOf([{ ...ca }, other]));
  });
});
