/** MSP folders with a fault in their own certificate or key, and the sentence that says so. */
import { generateKeyPairSync } from "node:crypto";
import { describe } from "node:test";
import { encodePem } from "./pem.ts";
import {
  CONFIG,
  keyPem,
  makeCertificate,
  makePeer,
  makeRevocationList,
  peer,
  peerFolder,
  root,
} from "./testing.ts";
import { type RefusedFolder, testRefused } from "./testing-problems.ts";

const PEER_TEXT = Buffer.from(peer.pem).toString();
const expired = makePeer({ notAfter: "20250101000000Z" });

const cases: readonly RefusedFolder[] = [
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
    /^No file in keystore [^(]* \(keystore\/cert\.pem: it holds no private key/,
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
];

describe("a folder that is refused for its own certificate or key", () => testRefused(cases));
