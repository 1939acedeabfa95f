/** TLS files in the forms in which people have them: read as Go reads them, or named. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { GossipTls } from "../config/config.ts";
import { alternativeNames, keyPem, makeCertificate } from "../msp/testing.ts";
import { certificatesIn } from "../msp/tls-chain.ts";
import { readOperationsTls, readTls, tellExpired, tlsNotAfterMs } from "./tls-files.ts";

const ca = makeCertificate({ commonName: "ca", isCa: true });
const second = makeCertificate({ commonName: "second ca", isCa: true });
const extensions = [alternativeNames("localhost")];
const leaf = makeCertificate({ commonName: "peer", issuer: ca, extensions });

const CONTENT = {
  cert: Buffer.from(leaf.pem).toString(),
  key: String(keyPem(leaf)),
  root: Buffer.from(ca.pem).toString(),
  client: Buffer.from(ca.pem).toString(),
};
type Role = keyof typeof CONTENT;
const ROLES: readonly Role[] = ["cert", "key", "root", "client"];
const CERTIFICATES: readonly Role[] = ["cert", "root", "client"];
const POOLS: readonly Role[] = ["root", "client"];

const header =
  (line: string) =>
  (pem: string): string =>
    pem.replaceAll(/(-----BEGIN [A-Z ]+-----\n)/g, `$1${line}`);
const another = Buffer.from(second.pem).toString();

describe("readTls()", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "tls-files-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function read(role: Role, spoil: (pem: string) => string) {
    const file = (name: Role): string => join(folder, name);
    for (const one of ROLES) {
      await writeFile(file(one), one === role ? spoil(CONTENT[one]) : CONTENT[one]);
    }
    const [certFile, keyFile] = [file("cert"), file("key")];
    const files: GossipTls = {
      ...{ enabled: true, certFile, keyFile, rootCertFile: file("root") },
      ...{ clientCertFile: certFile, clientKeyFile: keyFile },
      ...{ clientAuthRequired: true, clientRootCaFiles: [file("client")] },
    };
    const problems: string[] = [];
    const doubts: string[] = [];
    const tls = await readTls(files, problems, doubts);
    const ofOperations: string[] = [];
    await readOperationsTls(files, ofOperations, ofOperations);
    return { tls, problems, doubts, ofOperations };
  }

  const readable: readonly (readonly [string, (pem: string) => string])[] = [
    ["text before it", (pem) => `Bag Attributes\n    friendlyName: x\nsubject=/CN=a\n${pem}`],
    ["text behind it", (pem) => `${pem}\nissued for peer0\n`],
    ["a header", header("Comment: peer0\n\n")],
    ["Proc-Type", header("Proc-Type: 4,CLEAR\n\n")],
    ["headers without a blank line", header("Comment: peer0\n")],
    ["blank lines", (pem) => pem.replaceAll("\n", "\n\n")],
    ["line ends of Windows", (pem) => pem.replaceAll("\n", "\r\n")],
    ["no line end", (pem) => pem.trimEnd()],
  ];
  for (const [name, spoil] of readable) {
    test(`${name}: read`, async () => {
      for (const role of ROLES) {
        const { tls, problems } = await read(role, spoil);
        assert.deepEqual(problems, [], role);
        assert.ok(tls);
      }
    });
  }

  test("a CA in a block with headers is told of, since Go's pools leave it out", async () => {
    for (const role of ROLES) {
      const { doubts } = await read(role, header("Comment: peer0\n\n"));
      assert.equal(doubts.length, POOLS.includes(role) ? 1 : 0, doubts.join());
    }
  });

  test("of the CAs in a file, all that is passed over is told", async () => {
    const block = (text: string) =>
      `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;
    const spoil = (pem: string) =>
      `${header("Comment: peer0\n\n")(pem)}${block("AAAA")}${block("BBBB")}-----BEGIN CERTIFICATE-----\nMII`;
    for (const role of POOLS) {
      const { doubts } = await read(role, spoil);
      const want =
        /in part: 1 of its 4 certificates .*; its certificates number 2, 3 cannot be read: .*; lines with a colon /;
      assert.match(doubts.join(), want);
    }
  });

  const unreadable: readonly (readonly [string, (pem: string) => string])[] = [
    ["a byte order mark", (pem) => `\uFEFF${pem}`],
    ["a blank before it", (pem) => ` ${pem}`],
    ["quotation marks around it", (pem) => `"${pem.trimEnd()}"`],
    ["text behind its END", (pem) => `${pem.trimEnd()} of peer0\n`],
    ["everything in one line", (pem) => pem.replaceAll("\n", "")],
  ];
  for (const [name, spoil] of unreadable) {
    test(`${name}: refused, as Go finds no block`, async () => {
      for (const role of ROLES) {
        const { tls, problems } = await read(role, spoil);
        assert.equal(tls, undefined, role);
        assert.match(problems.join(), /cannot be used: .*: (?:save it without|put the )/);
      }
    });
  }

  const partly: readonly (readonly [string, (pem: string) => string, RegExp])[] = [
    [
      "a half one behind it",
      (pem) => `${pem}-----BEGIN CERTIFICATE-----\nMII`,
      /^The TLS .* used in part: 1 of its 2 /,
    ],
    [
      "two without a line end between them",
      (pem) => `${pem}${another.trimEnd()}${another}`,
      /2 of its 3 .*: put the whole text/,
    ],
  ];
  for (const [name, spoil, want] of partly) {
    test(`${name}: Go starts with what it finds, and so do we`, async () => {
      for (const role of CERTIFICATES) {
        const { tls, problems, doubts } = await read(role, spoil);
        assert.deepEqual([problems, tls !== undefined], [[], true], role);
        assert.match(doubts.join(), want);
      }
    });
  }

  test("the certificate that Go passes over is told of rather than that the next has no key", async () => {
    const { problems } = await read("cert", (pem) => `\uFEFF${pem}${another}`);
    assert.match(problems.join(), /server.*a byte order mark stands before the PEM block/);
  });

  test("a key that TLS of Go does not know is no key for TLS", async () => {
    const keys = generateKeyPairSync("ec", { namedCurve: "secp256k1" });
    const strange = makeCertificate({ commonName: "peer", keys, issuer: ca, extensions });
    const file = join(folder, "strange");
    await writeFile(file, `${Buffer.from(strange.pem)}${keyPem(strange)}`);
    const files = { enabled: true, certFile: file, keyFile: file, clientRootCaFiles: [] };
    const problems: string[] = [];
    await readOperationsTls({ ...files, clientAuthRequired: false }, problems, []);
    assert.match(problems.join(), /secp256k1\): have it issued for an ECDSA P-256 key/);
  });

  test("an expired certificate is for the caller to judge: read again, it is told unless it is in force", async () => {
    const notAfter = "20250101000000Z";
    const old = makeCertificate({ commonName: "peer", keys: leaf, issuer: ca, notAfter });
    const { tls, problems, doubts } = await read("cert", () => Buffer.from(old.pem).toString());
    assert.deepEqual([problems, doubts], [[], []]);
    const expired = tlsNotAfterMs(tls);
    assert.deepEqual(tellExpired(expired, expired, Date.now()), []);
    const [told = "", ...more] = tellExpired(expired, new Map(), Date.now());
    assert.deepEqual(more, []);
    assert.match(
      told,
      /^our own TLS certificate expired at 2025-01-01\S+ \(server and client\), and/,
    );
  });

  test("what is behind the first certificate counts, with headers too", async () => {
    for (const role of CERTIFICATES) {
      const { tls } = await read(role, (pem) => pem + header("Comment: the second\n\n")(another));
      assert.ok(tls);
      const [pem = Buffer.of()] = {
        cert: [tls.cert],
        root: tls.rootCas,
        client: tls.clientRootCas,
      }[role as "cert"];
      assert.equal(certificatesIn(pem).length, 2);
      assert.doesNotMatch(pem.toString(), /Comment/);
    }
  });

  test("of files that are not all usable none is used: a reload would trust fewer CAs", async () => {
    for (const role of ["root", "client"] as const) {
      const { tls, problems, ofOperations } = await read(role, (pem) => `\uFEFF${pem}`);
      assert.match(problems.join(), /a byte order mark stands before the PEM block/);
      assert.equal(tls, undefined);
      assert.equal(ofOperations.length, role === "client" ? 1 : 0);
    }
  });
});
