import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { createCrypto } from "./crypto.ts";
import { loadLocalMsp, loadMsp } from "./load-msp.ts";
import {
  CONFIG,
  type Files,
  keyPem,
  makeCertificate,
  makeFolder,
  makeKeys,
  makePeer,
  makeRevocationList,
  peer,
  peerFolder,
  root,
} from "./testing.ts";

const intermediate = makeCertificate({ commonName: "ica.org", isCa: true, issuer: root });
const NOW_MS = Date.UTC(2026, 0, 1);
const loadOwn = (folder: string) => loadLocalMsp(folder, "OrgMSP", { wallMs: NOW_MS });

const tlsRoot = makeCertificate({ commonName: "tlsca.org", isCa: true });

describe("a folder that works", () => {
  const variants: Readonly<Record<string, Files>> = {
    "PKCS#8 key": peerFolder(),
    "SEC1 key": peerFolder({ "keystore/key.pem": keyPem(peer, "sec1") }),
    "other keys and rubbish beside ours": peerFolder({
      "keystore/a.pem": keyPem(makePeer()),
      "keystore/b": "rubbish",
      "keystore/c.pem": generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey.export({
        format: "pem",
        type: "pkcs8",
      }),
    }),
    "no config.yaml, but an administrator": peerFolder({
      "config.yaml": undefined,
      "admincerts/admin.pem": makePeer().pem,
    }),
    "NodeOUs not enabled, but an administrator": peerFolder({
      "config.yaml": CONFIG.replace("true", "false"),
      "admincerts/admin.pem": makePeer({ units: [] }).pem,
    }),
    "a config.yaml as UTF-16": peerFolder({
      "config.yaml": Buffer.from(`\ufeff${CONFIG}`, "utf16le"),
    }),
    "a key whose BEGIN line names another form": peerFolder({
      "keystore/key.pem": String(keyPem(peer)).replaceAll("PRIVATE", "RSA PRIVATE"),
    }),
    "an empty config.yaml": peerFolder({ "config.yaml": "", "admincerts/a.pem": makePeer().pem }),
    "a client as administrator": peerFolder({
      "admincerts/a.pem": makePeer({ units: ["client"] }).pem,
    }),
    "TLS CAs": peerFolder({
      "tlscacerts/ca.pem": root.pem,
      "tlsintermediatecerts/i.pem": intermediate.pem,
    }),
    "TLS intermediates without TLS roots, which nobody looks at": peerFolder({
      "tlsintermediatecerts/bad.pem": peer.pem,
    }),
    "the second certificate of a file does not count": peerFolder({
      "cacerts/ca.pem": Buffer.concat([root.pem, peer.pem]),
    }),
    "the second certificate in signcerts does not count": peerFolder({
      "signcerts/z.pem": makePeer().pem,
    }),
    "required units": peerFolder({
      "config.yaml": `${CONFIG}OrganizationalUnitIdentifiers:\n  - {Certificate: cacerts/ca.pem, OrganizationalUnitIdentifier: peer}\n`,
    }),
    "a block of parameters before our key": peerFolder({
      "keystore/key.pem": `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${keyPem(peer, "sec1")}`,
    }),
    "YAML 1.1's yes": peerFolder({ "config.yaml": CONFIG.replace("true", "yes") }),
    "an Ed25519 key": peerFolder({}, makePeer({ keys: makeKeys("ed25519") })),
  };
  for (const [name, files] of Object.entries(variants)) {
    test(name, async (t) => {
      const folder = await makeFolder(t, files);
      const local = await loadOwn(folder);
      const [warning, ...others] = local.msp.warnings;
      if (name !== "an Ed25519 key") assert.equal(warning, undefined);
      else assert.match(warning ?? "", /has an Ed25519 key, which peers of Fabric 2 refuse, and/);
      assert.deepEqual(others, []);
      const crypto = createCrypto([local.msp]);
      const payload = Buffer.from("payload");
      assert(crypto.verify(local.identity, payload, await local.signer(payload)));
      assert.deepEqual(crypto.identify(local.identity.bytes), { ok: true, value: local.identity });
    });
  }

  test("the identity is the canonical text of the certificate, however the file is written", async (t) => {
    const plain = await loadOwn(await makeFolder(t, peerFolder()));
    const odd = `subject=peer0\r\n${Buffer.from(peer.pem).toString().replaceAll("\n", "\r\n")}`;
    const written = await loadOwn(await makeFolder(t, peerFolder({ "signcerts/peer.pem": odd })));
    assert.equal(written.identity.pkiId, plain.identity.pkiId);
    assert.equal(written.identity.subject, "CN=peer0.org,OU=peer");
  });

  test("keys may lie elsewhere", async (t) => {
    const folder = await makeFolder(t, peerFolder({ "keystore/key.pem": undefined }));
    const keystore = await makeFolder(t, { any_sk: keyPem(peer) });
    const local = await loadLocalMsp(folder, "OrgMSP", { wallMs: NOW_MS, keystore });
    const payload = Buffer.from("x");
    assert(verify("sha256", payload, createPublicKey(keyPem(peer)), await local.signer(payload)));
  });

  test("a signer of the host's own takes the place of any key", async (t) => {
    const folder = await makeFolder(t, peerFolder({ "keystore/key.pem": undefined }));
    const signer = (payload: Uint8Array): Uint8Array => payload;
    const local = await loadLocalMsp(folder, "OrgMSP", { wallMs: NOW_MS, signer });
    const payload = Buffer.from("x");
    assert.equal(local.signer(payload), payload);
  });

  test("folders are passed over, symbolic links followed, files read in name order", async (t) => {
    const folder = await makeFolder(
      t,
      peerFolder({ "signcerts/peer.pem": undefined, ".data/p.pem": peer.pem }),
    );
    await mkdir(join(folder, "signcerts/a-folder"), { recursive: true });
    await symlink("../.data/p.pem", join(folder, "signcerts/b.pem"));
    await symlink("../nowhere", join(folder, "signcerts/a-broken.pem"));
    await writeFile(join(folder, "signcerts/c.pem"), makePeer().pem);
    const local = await loadOwn(folder);
    assert.equal(local.identity.serial, "01f4");
    assert.deepEqual(local.msp.warnings, [
      `${folder}/signcerts/a-broken.pem is skipped: it is a symbolic link that leads nowhere: correct the link.`,
    ]);
  });

  test("what desktops and editors leave behind is not told, unless it may be meant", async (t) => {
    const junk = Buffer.from("\0\0\0\x01Bud1");
    const names = [".DS_Store", "._ca.pem", "Thumbs.db", "desktop.ini", "ca.pem~", ".gitignore"];
    const left = ["cacerts", "admincerts", "crls", "tlscacerts", "signcerts", "keystore"].flatMap(
      (inner) => names.map((name) => [`${inner}/${name}`, junk] as const),
    );
    const broken = Buffer.from(Buffer.from(root.pem).toString().replace("-----END", "-END"));
    const meant = { "cacerts/.ca.der": root.der, "cacerts/old.pem~": broken };
    const folder = await makeFolder(t, peerFolder({ ...Object.fromEntries(left), ...meant }));
    await symlink("me@here.1", join(folder, "cacerts/.#ca.pem"));
    const { warnings } = (await loadOwn(folder)).msp;
    assert.equal(warnings.length, 2, warnings.join("\n"));
    assert.match(warnings.join("\n"), /\.ca\.der is skipped: it is a certificate in DER form/);
    assert.match(warnings.join("\n"), /old\.pem~ is skipped: /);
  });

  test("a CA behind another one in its file is told, unless it has a file of its own", async (t) => {
    const later = makeCertificate({ commonName: "later.org", isCa: true, issuer: root });
    const files = { "cacerts/ca.pem": Buffer.concat([root.pem, later.pem]), "config.yaml": CONFIG };
    const [warning = "", ...others] = (await loadMsp(await makeFolder(t, files), "M")).warnings;
    assert.match(warning, /cacerts\/ca\.pem also holds the CA CN=later\.org, which does not count/);
    assert.deepEqual(others, []);
    const own = { ...files, "intermediatecerts/i.pem": Buffer.concat([later.pem, root.pem]) };
    assert.deepEqual((await loadMsp(await makeFolder(t, own), "M")).warnings, []);
  });

  test("an organisation we only trust needs neither certificate nor key", async (t) => {
    const msp = await loadMsp(
      await makeFolder(t, { "cacerts/ca.pem": root.pem, "config.yaml": CONFIG }),
      "M",
    );
    assert.equal(msp.mspId, "M");
    assert.equal(msp.roots[0]?.subject.text, "CN=ca.org");
  });
});

const NODE_OUS = `NodeOUs:
  Enable: true
${["Client", "Peer", "Admin"]
  .map(
    (role) =>
      `  ${role}OUIdentifier: {Certificate: CA_FILE, OrganizationalUnitIdentifier: ${role.toLowerCase()}}\n`,
  )
  .join("")}`;

describe("a folder that works, with a warning", () => {
  const cases: readonly [name: string, files: Files, warning: RegExp][] = [
    [
      "a file without PEM",
      peerFolder({ "cacerts/README": "hello" }),
      /cacerts\/README is skipped: there is no PEM block in it: put the PEM text there, or remove the file\.$/,
    ],
    [
      "the CA of a NodeOU missing, which lifts the restriction",
      peerFolder({ "config.yaml": CONFIG.replace("ca.pem", "gone.pem") }),
      /^NodeOUs accepts the peer role from any CA, since .*cacerts\/gone\.pem does not exist: correct the path in config\.yaml\.$/,
    ],
    [
      "a Windows path of a CA for all roles, told of once",
      peerFolder({ "config.yaml": NODE_OUS.replaceAll("CA_FILE", "cacerts\\ca.pem") }),
      /^NodeOUs accepts the client, peer, admin roles from any CA, since .*cacerts\\ca\.pem does not exist: write the path with \/ and relative to the MSP folder\.$/,
    ],
    [
      "an absolute path of a CA, which Fabric looks for below the folder",
      peerFolder({ "config.yaml": NODE_OUS.replaceAll("CA_FILE", "/etc/msp/cacerts/ca.pem") }),
      /from any CA, since .*\/etc\/msp\/cacerts\/ca\.pem does not exist: write the path relative to the MSP folder\.$/,
    ],
    [
      "an empty file as the CA of a role",
      peerFolder({ "config.yaml": CONFIG.replace("cacerts/ca.pem", "empty"), empty: "" }),
      /^NodeOUs accepts the peer role from any CA, since .*empty is empty: correct the path/,
    ],
    [
      "a key that config.yaml gives twice",
      peerFolder({
        "config.yaml": CONFIG.replace("  Enable: true\n", "  Enable: no\n  Enable: true\n"),
      }),
      /config\.yaml gives a key twice, which Fabric 3 refuses: remove one of the two\.$/,
    ],
    [
      "a revocation list of another CA",
      peerFolder({ "crls/crl.pem": makeRevocationList(makePeer({ isCa: true }), [1]) }),
      /crls\/crl\.pem is ignored: its authority key identifier is that of no CA of this MSP\.$/,
    ],
    [
      "our certificate begins tomorrow",
      peerFolder({}, makePeer({ notBefore: "20260102000000Z" })),
      /signcerts\/peer\.pem begins in the future: check the clock/,
    ],
    [
      "a revocation list of the TLS CA",
      peerFolder({
        "tlscacerts/t.pem": tlsRoot.pem,
        "crls/crl.pem": makeRevocationList(tlsRoot, [1]),
      }),
      /crls\/crl\.pem is of the TLS CA CN=tlsca\.org: neither Fabric nor we look for revoked TLS/,
    ],
    [
      "a misspelt key in NodeOUs",
      peerFolder({
        "config.yaml": "NodeOUs:\n  Enabled: true\n",
        "admincerts/a.pem": makePeer().pem,
      }),
      /config\.yaml: Enabled has no effect; NodeOUs knows Enable, ClientOUIdentifier, /,
    ],
    [
      "an administrator's certificate",
      peerFolder({}, makePeer({ units: ["admin"] })),
      /has the role "admin", not that of a peer: .* change the organisation\. Set peer\.mspConfigPath/,
    ],
    [
      "a client's certificate",
      peerFolder({}, makePeer({ units: ["client"] })),
      /has the role "client", not that of a peer: .* do not count this one\. Set peer\.mspConfigPath/,
    ],
    [
      "revocation lists in a folder that nobody reads",
      peerFolder({ "crl/c.pem": makeRevocationList(root, [9]) }),
      /\/crl is not read: its name has to be crls\.$/,
    ],
    [
      "a file above 1 MiB",
      peerFolder({ "cacerts/x.pem": "x".repeat(1_048_577) }),
      /x\.pem is skipped: it is larger than 1048576 bytes/,
    ],
  ];
  for (const [name, files, warning] of cases) {
    test(name, async (t) => {
      const { msp, clockDoubt } = await loadOwn(await makeFolder(t, files));
      const warnings = [...msp.warnings, ...(clockDoubt === undefined ? [] : [clockDoubt])];
      assert.equal(warnings.length, 1);
      assert.match(warnings[0] ?? "", warning);
    });
  }
});
