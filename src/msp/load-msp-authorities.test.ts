/** MSP folders with a fault in their CAs or revocation lists, and the sentence that says so. */
import { describe } from "node:test";
import { decodePem } from "./pem.ts";
import {
  makeCertificate,
  makePeer,
  makeRevocationList,
  peer,
  peerFolder,
  root,
} from "./testing.ts";
import { type RefusedFolder, testRefused } from "./testing-problems.ts";

const weak = makeCertificate({ commonName: "weak.org", isCa: true, hasKeyId: false });
const noCa = makeCertificate({ commonName: "no.ca" });
const intermediate = makeCertificate({ commonName: "ica.org", isCa: true, issuer: root });
const tlsBelow = makeCertificate({ commonName: "tls", isCa: true, issuer: weak });

const cases: readonly RefusedFolder[] = [
  [
    "no cacerts",
    peerFolder({ "cacerts/ca.pem": undefined, "config.yaml": undefined }),
    /^The folder cacerts does not exist: make it a folder with its files\.$/,
    /^The MSP in \S+ has no administrator/,
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
    "a revocation list in DER form beside another mistake",
    peerFolder({
      "signcerts/peer.pem": undefined,
      "crls/c.crl": decodePem(makeRevocationList(root, [9]))?.der,
    }),
    /^There is no certificate in signcerts: put/,
    /^crls\/c\.crl is skipped: it is binary, perhaps a revocation list .* openssl crl -inform der/,
  ],
  [
    "every root CA in DER form",
    peerFolder({ "cacerts/ca.pem": root.der, "config.yaml": undefined }),
    /^cacerts\/ca\.pem is skipped: it is a certificate in DER form/,
    /^The MSP in \S+ has no administrator/,
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
];

describe("a folder that is refused for its CAs or revocation lists", () => testRefused(cases));
