import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, test } from "node:test";
import { DER_TAG, encodeDer } from "./der.ts";
import { judgeByMsps, judgeEverywhere, textOf } from "./judge.ts";
import type { Msp } from "./msp.ts";
import { encodePem } from "./pem.ts";
import {
  alternativeNames,
  fileOf,
  type Made,
  makeCertificate,
  makeExtension,
  makeKeys,
  makeRevocationList,
  seq,
  type Wish,
} from "./testing.ts";

import { judge, makeMsp, makePeer, makeRoot, toHighS } from "./testing-judge.ts";

const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
const ANY_USAGE = "2.5.29.37.0";

describe("one CA: what is accepted", () => {
  const cases: Readonly<Record<string, { root?: Partial<Wish>; peer?: Partial<Wish> }>> = {
    "a plain peer": {},
    "a P-384 key": { peer: { keys: makeKeys("P-384") } },
    "an Ed25519 key": { peer: { keys: makeKeys("ed25519") } },
    "a P-384 CA": { root: { keys: makeKeys("P-384") } },
    "an Ed25519 CA": { root: { keys: makeKeys("ed25519") } },
    "an Ed25519 CA and an Ed25519 peer": {
      root: { keys: makeKeys("ed25519") },
      peer: { keys: makeKeys("ed25519") },
    },
    "server authentication among the usages": {
      peer: { extendedKeyUsage: [CLIENT_AUTH, SERVER_AUTH] },
    },
    "any extended key usage": { root: { extendedKeyUsage: [ANY_USAGE] } },
    "a path length of none": { root: { pathLengthMax: 0 } },
    "the issuer's signature with high S": { peer: { reshape: toHighS } },
    "the root's own signature with high S": { root: { reshape: toHighS } },
    "a CA whose key usage has the signing bit": { root: { keyUsage: 0x06 } },
    "an unknown extension that is not critical": {
      peer: { extensions: [makeExtension("1.2.3.4", Uint8Array.of(1))] },
    },
    "a certificate that begins in 2050": { peer: { notBefore: "20500101000000Z" } },
  };
  for (const [name, { root = {}, peer = {} }] of Object.entries(cases)) {
    test(name, () => {
      const ca = makeRoot(root);
      assert.equal(judge(makeMsp([ca]), makePeer(ca, peer)), "accepted");
    });
  }
});

describe("one CA: what is refused, and why", () => {
  const cases: Readonly<
    Record<string, { root?: Partial<Wish>; peer: Partial<Wish>; why: RegExp }>
  > = {
    "client authentication only": {
      peer: { extendedKeyUsage: [CLIENT_AUTH] },
      why: /^identity-invalid: .*extended key usage/,
    },
    "an unknown critical extension": {
      peer: { extensions: [makeExtension("1.2.3.4", Uint8Array.of(1), true)] },
      why: /^identity-invalid: unknown critical extension 1\.2\.3\.4/,
    },
    "an RSA key": {
      peer: { keys: generateKeyPairSync("rsa", { modulusLength: 2048 }) },
      why: /^identity-invalid: its key is RSA, .* ECDSA P-256 key$/,
    },
    "a key on another curve": {
      peer: { keys: makeKeys("secp256k1") },
      why: /^identity-malformed: .*no X\.509 certificate/,
    },
    "a CA": { peer: { isCa: true }, why: /^identity-invalid: it is a CA certificate/ },
    "gone before it begins": {
      peer: { notAfter: "20190101000000Z" },
      why: /^identity-invalid: not valid at 2020-01-01T00:00:01/,
    },
    "an issuer's signature that is no canonical DER": {
      peer: { reshape: (bytes) => Buffer.concat([bytes, Uint8Array.of(0)]) },
      why: /^identity-invalid: the signature of its issuer CN=ca\.org does not verify/,
    },
    "the signature of another certificate": {
      peer: { reshape: (bytes) => bytes.map((byte, i) => (i === 20 ? byte ^ 1 : byte)) },
      why: /^identity-invalid: the signature/,
    },
    "a subject key identifier marked critical": {
      peer: { extensions: [makeExtension("2.5.29.14", encodeDer(DER_TAG.octetString), true)] },
      why: /^identity-malformed/,
    },
    "the same extension twice": {
      peer: {
        extensions: [
          makeExtension("1.2.3", new Uint8Array(1)),
          makeExtension("1.2.3", new Uint8Array(1)),
        ],
      },
      why: /^identity-malformed/,
    },
  };
  for (const [name, { root = {}, peer, why }] of Object.entries(cases)) {
    test(name, () => {
      const ca = makeRoot(root);
      assert.match(judge(makeMsp([ca]), makePeer(ca, peer)), why);
    });
  }

  test("an MSP id we do not know, cut short in the reason", () => {
    const ca = makeRoot();
    const verdict = judgeByMsps([makeMsp([ca])], "x".repeat(60_000), textOf(makePeer(ca).pem));
    assert(!verdict.ok && verdict.code === "identity-unknown-msp" && verdict.reason.length < 200);
  });
});

describe("chains", () => {
  const root = makeRoot();
  const intermediate = makeCertificate({ commonName: "ica.org", isCa: true, issuer: root });
  const msp = makeMsp([root], { intermediateCerts: [fileOf(intermediate)] });

  test("an intermediate CA issues, and the root above it no longer does", () => {
    assert.equal(judge(msp, makePeer(intermediate)), "accepted");
    assert.match(judge(msp, makePeer(root)), /^identity-invalid: its issuer CN=ca\.org has interm/);
  });

  test("two ways to a root are one too many", () => {
    const twin = makeRoot({ keys: root });
    const twins = makeMsp([root, twin]);
    assert.match(judge(twins, makePeer(root)), /^identity-invalid: it has more than one chain/);
  });

  test("the same root twice is one way", () => {
    assert.equal(judge(makeMsp([root, root]), makePeer(root)), "accepted");
  });

  test("an intermediate with the name of ours but another key issued nothing here", () => {
    const evil = makeCertificate({ commonName: "ica.org", isCa: true });
    assert.match(judge(msp, makePeer(evil)), /^identity-invalid: the signature of its issuer/);
  });

  test("a root that allows no intermediate", () => {
    const strict = makeRoot({ pathLengthMax: 0 });
    const below = makeCertificate({ commonName: "ica.org", isCa: true, issuer: strict });
    const twoLevels = makeMsp([strict], { intermediateCerts: [fileOf(below)] });
    assert.match(
      judge(twoLevels, makePeer(below)),
      /^identity-invalid: more CAs stand below CN=ca/,
    );
  });

  test("of several MSPs with one id the first that knows the certificate decides", () => {
    const revoking = makeMsp([root], {
      revocationLists: [{ name: "crl.pem", bytes: makeRevocationList(root, [77]) }],
    });
    const other = makeMsp([makeRoot({ commonName: "other.org" })]);
    const peer = makePeer(root, { serial: 77 });
    const verdict = (...msps: readonly Msp[]) => judgeByMsps(msps, "OrgMSP", textOf(peer.pem)).ok;
    assert.equal(verdict(other, makeMsp([root])), true);
    assert.equal(verdict(revoking, makeMsp([root])), false);
    assert.equal(verdict(makeMsp([root]), revoking), true);
  });
});

describe("name constraints", () => {
  const subtree = (tag: number, name: string) => seq(encodeDer(tag, Buffer.from(name, "latin1")));
  const constrain = (kind: 0 | 1, ...subtrees: readonly Uint8Array[]) =>
    makeExtension("2.5.29.30", seq(encodeDer(0xa0 | kind, ...subtrees)), true);
  const [dns, ip] = [0x82, 0x87];
  const address = makeExtension("2.5.29.17", seq(encodeDer(ip, Uint8Array.of(10, 0, 0, 1))));
  const inside = alternativeNames("peer0.org.example");
  const cases: readonly [name: string, ca: Uint8Array, peer: readonly Uint8Array[], ok: boolean][] =
    [
      ["inside the permitted domain", constrain(0, subtree(dns, "org.EXAMPLE")), [inside], true],
      ["outside of it", constrain(0, subtree(dns, "com.example")), [inside], false],
      ["a label that only ends alike", constrain(0, subtree(dns, "rg.example")), [inside], false],
      [
        "one of two permitted",
        constrain(0, subtree(dns, "x"), subtree(dns, "example")),
        [inside],
        true,
      ],
      [
        "the domain itself under a leading dot",
        constrain(0, subtree(dns, ".peer0.org.example")),
        [inside],
        false,
      ],
      ["excluded", constrain(1, subtree(dns, "example")), [inside], false],
      ["another domain excluded", constrain(1, subtree(dns, "com")), [inside], true],
      [
        "inside the permitted network",
        constrain(0, subtree(ip, "\x0a\0\0\0\xff\0\0\0")),
        [address],
        true,
      ],
      [
        "outside of the network",
        constrain(0, subtree(ip, "\x0b\0\0\0\xff\0\0\0")),
        [address],
        false,
      ],
      [
        "a mail address constrained, none in use",
        constrain(0, subtree(0x81, "org")),
        [inside],
        true,
      ],
      [
        "no alternative name, but a host as common name",
        constrain(0, subtree(dns, "org")),
        [],
        false,
      ],
    ];
  for (const [name, constraint, extensions, isAccepted] of cases) {
    test(name, () => {
      const ca = makeRoot({ extensions: [constraint] });
      assert.equal(judge(makeMsp([ca]), makePeer(ca, { extensions })) === "accepted", isAccepted);
    });
  }

  test("a network with holes in its mask makes the CA unusable", () => {
    const ca = makeRoot({ extensions: [constrain(0, subtree(ip, "\x0a\0\0\0\xff\0\xff\0"))] });
    assert.throws(
      () => makeMsp([ca]),
      /root\.pem begins with a PEM block .* that holds no X\.509 certificate/,
    );
  });
});

test("reasons stay short whatever a certificate says", () => {
  const root = makeRoot();
  const units = Array.from({ length: 400 }, (_, i) => `${i}`.repeat(30));
  const verdict = judge(makeMsp([root]), makePeer(root, { units }));
  assert.match(verdict, /^identity-invalid: no organisational unit/);
  assert(verdict.length < 800);
});

test("an unparsable certificate in a good PEM block", () => {
  const pem = encodePem("CERTIFICATE", seq(seq(), seq()));
  const verdict = judgeByMsps([makeMsp([makeRoot()])], "OrgMSP", textOf(pem));
  assert(!verdict.ok && verdict.code === "identity-malformed");
});

describe("judgeEverywhere() looks for a chain once", () => {
  const root = makeRoot();
  const stranger = makePeer(makeRoot());
  /** How often a chain to the roots is looked for. */
  const countSearches = (identity: Made, channels = 0): number => {
    let searches = 0;
    const msp = makeMsp([root]);
    const watched = {
      ...msp,
      get roots() {
        searches += 1;
        return msp.roots;
      },
    };
    const ofChannels = Array.from({ length: channels }, () => msp);
    judgeByMsps([watched], "OrgMSP", textOf(identity.pem));
    const once = searches;
    assert.ok(once > 0);
    searches = 0;
    judgeEverywhere([watched], ofChannels, "OrgMSP", textOf(identity.pem));
    return searches / once;
  };

  test("if our own MSP accepts it", () => assert.equal(countSearches(makePeer(root)), 1));
  test("if it refuses it and no channel has the organisation", () =>
    assert.equal(countSearches(stranger), 1));
  test("whatever channels have the organisation, if ours accepts it", () =>
    assert.equal(countSearches(makePeer(root), 2), 1));
});
