/** Our own certificate, refused by its MSP folder: the remedy is said, and it helps. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { GossipError } from "../lib/errors.ts";
import { loadLocalMsp } from "./load-msp.ts";
import {
  CONFIG,
  type Files,
  makeCertificate,
  makeFolder,
  makePeer,
  peer,
  peerFolder,
  root,
} from "./testing.ts";

const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";

const inner = makeCertificate({ commonName: "inner.org", isCa: true, issuer: root, serial: 7 });
const below = makePeer({ issuer: inner });
const renewed = makeCertificate({ commonName: "ca.org", isCa: true, keys: root, serial: 99 });
const impostor = makeCertificate({ commonName: "ca.org", isCa: true });
const brief = makeCertificate({
  ...{ commonName: "brief.org", isCa: true },
  ...{ notBefore: "20200101000000Z", notAfter: "20210101000000Z" },
});
const late = makePeer({ issuer: brief, notBefore: "20220101000000Z" });
const longer = makeCertificate({ commonName: "brief.org", isCa: true, keys: brief });
const CERT_SIGN_LEFT_OUT = 0x80;
const unfit = makeCertificate({
  ...{ commonName: "unfit.org", isCa: true, keyUsage: CERT_SIGN_LEFT_OUT },
});
const belowUnfit = makePeer({ issuer: unfit });
const fit = makeCertificate({ commonName: "unfit.org", isCa: true, keys: unfit });
const usage = (id: string) => makePeer({ extendedKeyUsage: [id] });
const intermediate: Files = { "intermediatecerts/i.pem": inner.pem };
const noRule = CONFIG.replace("Certificate: cacerts/ca.pem, ", "");
const innerRule = CONFIG.replace("cacerts/ca.pem", "intermediatecerts/i.pem");
const text = (...pems: readonly Uint8Array[]): Buffer => Buffer.concat(pems);

const cases: readonly (readonly [name: string, Files, RegExp, ...mended: Files[]])[] = [
  [
    "a NodeOU of the root, an issuer below it",
    peerFolder(intermediate, below),
    /let Certificate of the NodeOUs in config\.yaml name intermediatecerts\/i\.pem, or leave/,
    peerFolder({ ...intermediate, "config.yaml": innerRule }, below),
    peerFolder({ ...intermediate, "config.yaml": noRule }, below),
  ],
  [
    "a signature with SHA-1",
    peerFolder({}, makePeer({ isSha1: true })),
    /its issuer CN=ca\.org signed it with SHA-1, which Go .*: have one issued that is signed with SHA-256/,
    peerFolder({}),
  ],
  [
    "root and intermediate in one file",
    peerFolder({ "cacerts/ca.pem": text(root.pem, inner.pem), "config.yaml": noRule }, below),
    /put each certificate of cacerts\/ca\.pem into a file of its own/,
    peerFolder({ ...intermediate, "config.yaml": noRule }, below),
  ],
  [
    "an intermediate that is missing",
    peerFolder({ "config.yaml": noRule }, below),
    /or add its CA, to intermediatecerts if that is no root/,
    peerFolder({ ...intermediate, "config.yaml": noRule }, below),
  ],
  [
    "a renewed root beside the old one",
    peerFolder({ "cacerts/new.pem": renewed.pem, "config.yaml": noRule }),
    /keep one of the CA certificates .*\(cacerts\/ca\.pem, cacerts\/new\.pem\)/,
    peerFolder({ "config.yaml": noRule }),
    peerFolder({ "cacerts/ca.pem": renewed.pem, "config.yaml": noRule }),
  ],
  [
    "a certificate for clients only",
    peerFolder({}, usage(CLIENT_AUTH)),
    /have one issued with serverAuth among its extended key usages, or with none/,
    peerFolder({}, usage(SERVER_AUTH)),
    peerFolder(),
  ],
  [
    "a CA that had ended",
    peerFolder({ "cacerts/ca.pem": brief.pem }, late),
    /replace the CA certificate by a renewed one of the same key/,
    peerFolder({ "cacerts/ca.pem": longer.pem }, late),
  ],
  [
    "another CA of the same name",
    peerFolder({ "cacerts/ca.pem": impostor.pem }),
    /or replace cacerts\/ca\.pem by the certificate of the CA that issued it, which has the same name/,
    peerFolder(),
  ],
  [
    "a CA that may not sign certificates",
    peerFolder({ "cacerts/ca.pem": unfit.pem, "config.yaml": noRule }, belowUnfit),
    /keyCertSign/,
    peerFolder({ "cacerts/ca.pem": fit.pem, "config.yaml": noRule }, belowUnfit),
  ],
  [
    "a root that issues beside its intermediates",
    peerFolder({ ...intermediate, "config.yaml": noRule }),
    /remove the intermediate CAs of this issuer from intermediatecerts/,
    peerFolder({ "config.yaml": noRule }),
    peerFolder({ ...intermediate, "config.yaml": noRule }, below),
  ],
];

describe("our own certificate, refused by its own MSP", () => {
  const load = (folder: string) => loadLocalMsp(folder, "OrgMSP", { wallMs: Date.UTC(2026, 0, 1) });
  for (const [name, files, remedy, ...mended] of cases) {
    test(`${name}: the remedy helps`, async (t) => {
      const folder = await makeFolder(t, files);
      const told = await load(folder).then(
        () => "nothing",
        (fault: unknown) => (fault instanceof GossipError ? fault.message : String(fault)),
      );
      assert.match(told.replaceAll(`${folder}/`, ""), remedy);
      for (const one of mended) {
        const { identity } = await load(await makeFolder(t, one));
        assert.equal(identity.mspId, "OrgMSP");
      }
    });
  }

  test("a root without CA flag is named once, whatever refers to it", async (t) => {
    const flat = makeCertificate({ commonName: "ca.org", keys: root });
    const folder = await makeFolder(t, peerFolder({ "cacerts/ca.pem": flat.pem }, peer));
    await assert.rejects(load(folder), ({ problems }: GossipError) => {
      assert.match(problems.join(), /is not marked as a CA\): use a certificate with basicConstr/);
      assert.doesNotMatch(problems.join(), /self-signed|organisational unit in config/);
      return true;
    });
  });
});
