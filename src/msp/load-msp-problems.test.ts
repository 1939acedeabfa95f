/** MSP folders with a fault in their files, and the sentence that says so. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, test } from "node:test";
import { decodePem, encodePem } from "./pem.ts";
import {
  CONFIG,
  type Files,
  keyPem,
  makeCertificate,
  makeFolder,
  makePeer,
  makeRevocationList,
  peer,
  peerFolder,
  root,
} from "./testing.ts";
import { problemsOf } from "./testing-problems.ts";

const PEER_TEXT = Buffer.from(peer.pem).toString();

describe("a folder that is refused, and what the sentence says", () => {
  const weak = makeCertificate({ commonName: "weak.org", isCa: true, hasKeyId: false });
  const noCa = makeCertificate({ commonName: "no.ca" });
  const expired = makePeer({ notAfter: "20250101000000Z" });
  const intermediate = makeCertificate({ commonName: "ica.org", isCa: true, issuer: root });
  const tlsBelow = makeCertificate({ commonName: "tls", isCa: true, issuer: weak });
  const cases: readonly [name: string, files: Files, ...problems: RegExp[]][] = [
    [
      "no cacerts",
      peerFolder({ "cacerts/ca.pem": undefined, "config.yaml": undefined }),
      /^The folder cacerts does not exist: make it a folder with its files\.$/,
      /^The MSP has no administrator/,
    ],
    [
      "a root that is no certificate",
      peerFolder({
        "cacerts/b.pem": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
      }),
      /^cacerts\/b\.pem begins with a PEM block \(CERTIFICATE\) that holds no X\.509 certificate: replace the file or remove it\.$/,
    ],
    [
      "a root without CA flag",
      peerFolder({ "cacerts/b.pem": noCa.pem }),
      /^cacerts\/b\.pem is no CA certificate of this MSP \(it is not marked as a CA\): use a certificate with basicConstraints CA/,
    ],
    [
      "a root without key identifier",
      peerFolder({ "cacerts/b.pem": weak.pem }),
      /^The CA certificate CN=weak\.org \(serial number \w+\) has no subject key identifier: issue/,
    ],
    [
      "an intermediate of an unknown root",
      peerFolder({ "intermediatecerts/i.pem": tlsBelow.pem }),
      /^intermediatecerts\/i\.pem is no CA certificate of this MSP \(none of the MSP's CAs is its issuer, CN=weak\.org\): put its issuers/,
    ],
    [
      "an intermediate that is no CA",
      peerFolder({ "intermediatecerts/i.pem": peer.pem }),
      /CN=peer0\.org.* is not marked as a CA: use a certificate/,
    ],
    [
      "a revoked intermediate",
      peerFolder({
        "intermediatecerts/i.pem": makeCertificate({
          commonName: "i",
          isCa: true,
          issuer: root,
          serial: 9,
        }).pem,
        "crls/c.pem": makeRevocationList(root, [9]),
      }),
      /^The CA certificate CN=i is revoked by CN=ca\.org: remove it/,
    ],
    [
      "a revocation list that is none",
      peerFolder({ "crls/c.pem": `hello\n${root.pem}`, "crls/d.pem": root.pem }),
      /^crls\/d\.pem is no revocation list/,
      /^crls\/c\.pem is skipped: there is no PEM block in it/,
    ],
    [
      "a revocation list with text before it",
      peerFolder({
        "crls/c.pem": Buffer.concat([Buffer.from("x\n"), makeRevocationList(root, [])]),
      }),
      /^crls\/c\.pem is no revocation list that begins with -----BEGIN X509 CRL: replace/,
    ],
    [
      "a revocation list without authority key identifier",
      peerFolder({ "crls/c.pem": makeRevocationList(root, [], null) }),
      /^crls\/c\.pem has no authority key identifier, .*: have the CA issue/,
    ],
    [
      "no certificate of ours",
      peerFolder({ "signcerts/peer.pem": "" }),
      /^There is no certificate in signcerts \(signcerts\/peer\.pem is empty\): put/,
    ],
    [
      "the certificate of our CA before ours",
      peerFolder({ "signcerts/peer.pem": Buffer.concat([root.pem, peer.pem]) }),
      /^The first certificate in signcerts\/peer\.pem counts as ours, but the key in keystore is that of a later one: put that certificate first in the file\.$/,
    ],
    [
      "the old certificate of this peer, left in the folder",
      peerFolder({ "signcerts/a.pem.bak": expired.pem }),
      /^The first certificate in signcerts\/a\.pem\.bak counts .* later one, in signcerts\/peer\.pem: remove signcerts\/a\.pem\.bak from the folder\.$/,
    ],
    [
      "a certificate request instead of the certificate",
      peerFolder({ "signcerts/peer.pem": encodePem("CERTIFICATE REQUEST", root.der.subarray(9)) }),
      /^signcerts\/peer\.pem begins with a PEM block \(CERTIFICATE REQUEST\) that holds no .*: replace it by the certificate that the CA issues for it\.$/,
    ],
    [
      "certificates as PKCS#7",
      peerFolder({ "signcerts/peer.pem": encodePem("PKCS7", root.der.subarray(9)) }),
      /^signcerts\/peer\.pem begins .*: replace it by what openssl pkcs7 -print_certs -in FILE prints\.$/,
    ],
    [
      "the folder of an organisation instead of a peer's",
      peerFolder({ "signcerts/peer.pem": undefined, "keystore/key.pem": undefined }),
      /^There is no certificate in signcerts: this folder has the CAs of an organisation alone, so name/,
    ],
    [
      "the key before the certificate",
      peerFolder({ "signcerts/peer.pem": `${keyPem(peer)}${PEER_TEXT}` }),
      /^signcerts\/peer\.pem begins with a PEM block \(PRIVATE KEY\) .*: put the certificate first\.$/,
    ],
    [
      "a certificate as a secret of Kubernetes is shown",
      peerFolder({ "signcerts/peer.pem": Buffer.from(PEER_TEXT).toString("base64") }),
      /^signcerts\/peer\.pem is skipped: its PEM text is encoded in base64 once more: replace it by what base64 -d/,
    ],
    [
      "a certificate out of JSON",
      peerFolder({ "signcerts/peer.pem": JSON.stringify({ certificate: PEER_TEXT }) }),
      /^signcerts\/peer\.pem is skipped: its line ends are written as \\n: put the PEM text there/,
    ],
    [
      "a self-signed certificate",
      peerFolder({}, makeCertificate({ commonName: "peer0.org", units: ["peer"] })),
      /none of the MSP's CAs is its issuer.*: have one issued by the CA of this folder, as this is self-signed\.$/,
    ],
    [
      "a key that is indented",
      peerFolder({ "keystore/key.pem": String(keyPem(peer)).replaceAll(/^/gm, "  ") }),
      /^No file in keystore .*key\.pem: its PEM block is broken\): put the whole text from the BEGIN line/,
    ],
    [
      "a key as a secret of Kubernetes is shown",
      peerFolder({ "keystore/key.pem": Buffer.from(String(keyPem(peer))).toString("base64") }),
      /^No file in keystore .* encoded in base64 once more\): replace it by what base64 -d FILE prints\.$/,
    ],
    [
      "an intermediate among the roots",
      peerFolder({ "cacerts/i.pem": intermediate.pem }),
      /^cacerts\/i\.pem is no CA certificate of this MSP \(it is not self-signed\): move it to intermediatecerts\.$/,
    ],
    [
      "an intermediate in place of its root",
      peerFolder({ "cacerts/ca.pem": intermediate.pem }),
      /^cacerts\/ca\.pem .*\(it is not self-signed\): put the root CA that issued it there, and move it to intermediatecerts\.$/,
    ],
    [
      "a certificate of a peer among the roots",
      peerFolder({ "cacerts/p.pem": makePeer().pem }),
      /^cacerts\/p\.pem .*: replace it by the certificate of a CA\.$/,
    ],
    [
      "the root among the intermediates",
      peerFolder({ "cacerts/ca.pem": "", "intermediatecerts/ca.pem": root.pem }),
      /^There is no root CA certificate in cacerts: move intermediatecerts\/ca\.pem there\.$/,
    ],
    [
      "NodeOUs in other capitals",
      peerFolder({ "config.yaml": CONFIG.replace("NodeOUs", "NodeOus") }),
      /^The MSP has no administrator/,
      /^config\.yaml: NodeOus has no effect; did you mean NodeOUs\?$/,
    ],
    [
      "a unit in other capitals",
      peerFolder({ "config.yaml": CONFIG.replace("Identifier: peer", "Identifier: Peer") }),
      /\(it has "peer"\)\): have one issued with the unit that config\.yaml asks for \("client", "Peer", "admin"\), or correct config\.yaml\.$/,
    ],
    [
      "config.yml",
      { ...peerFolder({ "config.yaml": undefined }), "config.yml": CONFIG },
      /^The MSP has no administrator/,
      /^config\.yml is not read: its name has to be config\.yaml\.$/,
    ],
    [
      "an empty key",
      peerFolder({ "keystore/key.pem": "", "keystore/.gitkeep": "" }),
      /^No file in keystore .* \(keystore\/key\.pem: it is empty\): put it/,
    ],
    [
      "a key as UTF-16",
      peerFolder({ "keystore/key.pem": Buffer.from(`\ufeff${keyPem(peer)}`, "utf16le") }),
      /^No file in keystore .*key\.pem: it is saved as UTF-16\): save it as/,
    ],
    [
      "a file in place of a folder",
      { ...peerFolder({ "signcerts/peer.pem": undefined }), signcerts: "x" },
      /^The folder signcerts is a file: make it a folder with its files\.$/,
    ],
    [
      "a revocation list in DER form beside another mistake",
      peerFolder({
        "signcerts/peer.pem": undefined,
        "crls/c.crl": decodePem(makeRevocationList(root, [9]))?.der,
      }),
      /^There is no certificate in signcerts: put/,
      /^crls\/c\.crl is skipped: it is binary, perhaps a revocation list .* openssl crl -inform der/,
    ],
    [
      "no signcerts",
      peerFolder({ "signcerts/peer.pem": undefined }),
      /^There is no certificate in signcerts/,
    ],
    [
      "the key of another certificate",
      peerFolder({ "keystore/key.pem": keyPem(makePeer()) }),
      /^No file in keystore is the private key of signcerts\/peer\.pem \(keystore\/key\.pem: it is the key of another certificate\): put it there as PKCS#8/,
    ],
    [
      "an encrypted key",
      peerFolder({
        "keystore/key.pem": peer.privateKey.export({
          format: "pem",
          type: "pkcs8",
          cipher: "aes-256-cbc",
          passphrase: "x",
        }),
      }),
      /^No file in keystore .*key\.pem: it is encrypted\): replace it by what openssl pkey -in FILE prints\.$/,
    ],
    [
      "a key in DER form",
      peerFolder({ "keystore/key.pem": peer.privateKey.export({ format: "der", type: "pkcs8" }) }),
      /^No file in keystore .*key\.pem: it is a private key in DER form\): replace it by what openssl pkey/,
    ],
    [
      "no key but other things",
      peerFolder({
        "keystore/key.pem": undefined,
        "keystore/.DS_Store": "Bud1",
        "keystore/cert.pem": peer.pem,
      }),
      /^No file in keystore .*\.DS_Store: it holds no private key.*cert\.pem: it holds no private key/,
    ],
    [
      "keys in other forms",
      peerFolder({
        "keystore/key.pem": undefined,
        "keystore/a.pub": "ecdsa-sha2-nistp256 AAAA",
        "keystore/b.pem": encodePem("PUBLIC KEY", root.der.subarray(9)),
        "keystore/c.json": '{"crv":"P-256","kty":"EC"}',
      }),
      /a\.pub: it is a public key; .*b\.pem: it is a public key; .*c\.json: it is a key in JSON \(JWK\)\): write it as PEM/,
    ],
    [
      "a key of OpenSSH",
      peerFolder({ "keystore/key.pem": encodePem("OPENSSH PRIVATE KEY", root.der.subarray(9)) }),
      /key\.pem: it is a key of OpenSSH\): replace it by what ssh-keygen -p -m PKCS8/,
    ],
    [
      "our certificate in DER form",
      peerFolder({ "signcerts/peer.pem": peer.der }),
      /^signcerts\/peer\.pem is skipped: it is a certificate in DER form: replace it by what openssl x509 /,
    ],
    [
      "our certificate with a byte order mark",
      peerFolder({ "signcerts/peer.pem": Buffer.from(`\ufeff${PEER_TEXT}`) }),
      /^signcerts\/peer\.pem is skipped: a byte order mark stands before the PEM block/,
    ],
    [
      "our certificate as UTF-16",
      peerFolder({ "signcerts/peer.pem": Buffer.from(`\ufeff${PEER_TEXT}`, "utf16le") }),
      /^signcerts\/peer\.pem is skipped: it is saved as UTF-16/,
    ],
    [
      "our certificate cut off",
      peerFolder({ "signcerts/peer.pem": PEER_TEXT.slice(0, 300) }),
      /^signcerts\/peer\.pem is skipped: its PEM block is broken/,
    ],
    [
      "our certificate indented, as in a YAML block",
      peerFolder({ "signcerts/peer.pem": PEER_TEXT.replace(/^/gm, "  ") }),
      /^signcerts\/peer\.pem is skipped: its PEM block is broken: .*at the start of its line/,
    ],
    [
      "every root CA in DER form",
      peerFolder({ "cacerts/ca.pem": root.der, "config.yaml": undefined }),
      /^cacerts\/ca\.pem is skipped: it is a certificate in DER form/,
      /^The MSP has no administrator/,
    ],
    [
      "a certificate with an RSA key",
      peerFolder({}, makePeer({ keys: generateKeyPairSync("rsa", { modulusLength: 2048 }) })),
      /^The certificate signcerts\/peer\.pem has an RSA key, which cannot sign in Fabric/,
    ],
    [
      "a certificate with a key on a curve that Fabric does not know",
      peerFolder({}, makePeer({ keys: generateKeyPairSync("ec", { namedCurve: "secp256k1" }) })),
      /^The certificate signcerts\/peer\.pem has an ECDSA key on the curve secp256k1/,
    ],
    [
      "our certificate from elsewhere",
      peerFolder({ "cacerts/ca.pem": makeCertificate({ commonName: "else", isCa: true }).pem }),
      /^The certificate signcerts\/peer\.pem is refused by its own MSP \(none of the MSP's CAs/,
    ],
    [
      "our certificate without role",
      peerFolder({ "config.yaml": CONFIG.replace("r: peer}", "r: pear}") }),
      /refused by its own MSP \(no organisational unit says what role it has/,
    ],
    [
      "our certificate revoked",
      peerFolder({ "crls/c.pem": makeRevocationList(root, [500]) }),
      /refused by its own MSP \(CN=ca\.org revoked serial number 01f4\)/,
    ],
    [
      "our certificate expired",
      peerFolder({}, expired),
      /^Our own certificate expired at 2025-01-01T00:00:00\.000Z \(signcerts\/peer\.pem\), and other members refuse us\. Renew it/,
    ],
    [
      "a TLS CA that is none",
      peerFolder({ "tlscacerts/t.pem": noCa.pem }),
      /CN=no\.ca.* is not marked as a CA/,
    ],
    [
      "a TLS intermediate without root",
      peerFolder({ "tlscacerts/t.pem": root.pem, "tlsintermediatecerts/i.pem": tlsBelow.pem }),
      /CN=tls .* is not valid: none of the MSP's CAs/,
    ],
    [
      "a required unit without its CA",
      peerFolder({
        "config.yaml":
          "OrganizationalUnitIdentifiers: [{Certificate: cacerts/gone.pem, OrganizationalUnitIdentifier: x}]",
        "admincerts/a.pem": peer.pem,
      }),
      /^The CA certificate cacerts\/gone\.pem of the organisational unit "x" in config\.yaml does not exist: correct/,
    ],
    [
      "a required unit that names no CA",
      peerFolder({
        "config.yaml": "OrganizationalUnitIdentifiers: [{OrganizationalUnitIdentifier: x}]",
        "admincerts/a.pem": peer.pem,
      }),
      /^The organisational unit "x" under OrganizationalUnitIdentifiers in config\.yaml names no CA: add Certificate/,
    ],
    [
      "a Windows path in quotation marks",
      peerFolder({ "config.yaml": CONFIG.replace("cacerts/ca.pem", '"cacerts\\ca.pem"') }),
      /^config\.yaml is not valid YAML \(Invalid escape sequence .*\): write paths with \/\.$/,
    ],
    [
      "a NodeOU below something that is no CA of ours",
      peerFolder({
        "config.yaml": CONFIG.replace("cacerts/ca.pem", "other.pem"),
        "other.pem": weak.pem,
      }),
      /^other\.pem, which an organisational unit in config\.yaml refers to, is no CA of this MSP: name/,
    ],
    [
      "no administrator",
      peerFolder({ "config.yaml": undefined }),
      /^The MSP has no administrator: put a certificate into admincerts, or set NodeOUs/,
    ],
    [
      "an administrator who is a peer",
      peerFolder({ "admincerts/a.pem": peer.pem }),
      /^admincerts\/a\.pem is no administrator of this MSP \(its organisational unit is neither/,
    ],
    [
      "an administrator of another organisation",
      peerFolder({ "admincerts/a.pem": noCa.pem }),
      /^admincerts\/a\.pem is no administrator of this MSP \(none of/,
    ],
    [
      "a revoked administrator",
      peerFolder({
        "config.yaml": undefined,
        "admincerts/a.pem": makePeer({ serial: 7 }).pem,
        "crls/c.pem": makeRevocationList(root, [7]),
      }),
      /^admincerts\/a\.pem is no administrator of this MSP \(CN=ca\.org revoked/,
    ],
    [
      "YAML that is none",
      peerFolder({ "config.yaml": "a: [" }),
      /^config\.yaml is not valid YAML \(.*\): correct the file\.$/,
    ],
    [
      "YAML that is too long",
      peerFolder({ "config.yaml": `${CONFIG}${"#\n".repeat(10_000)}` }),
      /^config\.yaml is larger than 16384 bytes: correct or remove it\.$/,
    ],
    [
      "YAML that is nested too deep",
      peerFolder({ "config.yaml": `a: ${"{[".repeat(8_000)}` }),
      /^config\.yaml opens more than 32 brackets: correct the file\.$/,
    ],
    [
      "YAML of too many marks, of which those in comments are none",
      peerFolder({ "config.yaml": `${"# a: b\n".repeat(1_000)}NodeOUs:\n${":\n".repeat(1_000)}` }),
      /^config\.yaml has more than 1000 colons, commas and the like: correct the file\.$/,
    ],
    [
      "a switch that is no boolean",
      peerFolder({ "config.yaml": "NodeOUs: {Enable: 3}" }),
      /^config\.yaml: NodeOUs\.Enable must be true or false, without quotation marks: correct/,
    ],
  ];
  for (const [name, files, ...wanted] of cases) {
    test(name, async (t) => {
      const problems = await problemsOf(await makeFolder(t, files));
      assert.equal(problems.length, wanted.length, problems.join("\n"));
      for (const pattern of wanted) {
        assert(
          problems.some((problem) => pattern.test(problem)),
          `${pattern}\n${problems.join("\n")}`,
        );
      }
    });
  }
});
