/** TLS files in the forms in which people have them: read as Go reads them, or named. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { GossipTls } from "../config/config.ts";
import { alternativeNames, keyPem, makeCertificate } from "../msp/testing.ts";
import { certificatesIn } from "../msp/tls-chain.ts";
import { readOperationsTls, readTls } from "./tls-files.ts";

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
    const tls = await readTls(files, Date.now(), problems);
    const ofOperations: string[] = [];
    await readOperationsTls(files, Date.now(), ofOperations);
    return { tls, problems, ofOperations };
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
