/** Files that a reader's verbs are given: read as a member reads its own. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { alternativeNames, keyPem, makeCertificate } from "../msp/testing.ts";
import { loadReaderCredentials } from "./credentials.ts";

const ca = makeCertificate({ commonName: "ca", isCa: true });
const extensions = [alternativeNames("localhost")];
const user = makeCertificate({ commonName: "user", issuer: ca, extensions });
const CONTENT = {
  cert: Buffer.from(user.pem).toString(),
  key: String(keyPem(user)),
  tlsCert: Buffer.from(user.pem).toString(),
  tlsKey: String(keyPem(user)),
  tlsCa: Buffer.from(ca.pem).toString(),
};
type Role = keyof typeof CONTENT;
const ROLES: readonly Role[] = ["cert", "key", "tlsCert", "tlsKey", "tlsCa"];

const header =
  (line: string) =>
  (pem: string): string =>
    pem.replaceAll(/(-----BEGIN [A-Z ]+-----\n)/g, `$1${line}`);

describe("files of a reader's flags", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "reader-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** Loads them with one of them spoilt; the problem, if there is one. */
  async function load(role: Role, spoil: (pem: string) => string): Promise<string> {
    const file = (name: Role): string => join(folder, name);
    for (const one of ROLES) {
      await writeFile(file(one), one === role ? spoil(CONTENT[one]) : CONTENT[one]);
    }
    const { tlsCa, ...flags } = Object.fromEntries(ROLES.map((one) => [one, file(one)]));
    const peers = ["localhost:7051"];
    const options = { channel: "ch", mspId: "Org1MSP", env: {}, peers, ...flags };
    return loadReaderCredentials({ ...options, tlsCa: [tlsCa ?? ""] }, Date.now()).then(
      () => "",
      (error: Error) => error.message,
    );
  }

  test("a peer that is named twice is asked once", async () => {
    assert.equal(await load("cert", String), "");
    const [cert, key] = [join(folder, "cert"), join(folder, "key")];
    const who = {
      channel: "ch",
      mspId: "Org1MSP",
      env: {},
      cert,
      key,
      tlsCa: [join(folder, "tlsCa")],
    };
    const peers = ["localhost:7051", "localhost:8051", "localhost:7051"];
    const { targets } = await loadReaderCredentials({ ...who, peers }, Date.now());
    assert.deepEqual(
      targets.map(({ endpoint }) => endpoint),
      ["localhost:7051", "localhost:8051"],
    );
  });

  test("what a profile that cannot be read would have said is not missing", async () => {
    assert.equal(await load("cert", String), "");
    const profile = join(folder, "profile.yaml");
    const [cert, key] = [join(folder, "cert"), join(folder, "key")];
    const problem = async (text: string, more: object = {}): Promise<string> => {
      await writeFile(profile, text);
      const options = { channel: "ch", env: {}, cert, key, profile, ...more };
      return loadReaderCredentials(options, Date.now()).then(
        ({ asker }) => asker.identity.mspId,
        (error: Error) => error.message,
      );
    };
    assert.match(await problem("\t- x"), /^\S+ is no connection profile in JSON or YAML \([^\n]*$/);
    const peers = "peers: {p: {url: 'grpc://localhost:7051'}}";
    assert.match(await problem(peers), /^Give the MSP id of --cert with --msp-id/);
    assert.equal(await problem(peers, { mspId: " Org1MSP " }), "Org1MSP");
  });

  const readable: readonly (readonly [string, (pem: string) => string, readonly Role[]])[] = [
    ["bag attributes", (pem) => `Bag Attributes\n    friendlyName: x\n${pem}`, ROLES],
    ["a header", header("Comment: user\n\n"), ["cert", "key", "tlsCert", "tlsKey"]],
    ["Proc-Type", header("Proc-Type: 4,CLEAR\n\n"), ["cert", "key", "tlsCert", "tlsKey"]],
    ["blank lines", (pem) => pem.replaceAll("\n", "\n\n"), ROLES],
    ["line ends of Windows", (pem) => pem.replaceAll("\n", "\r\n"), ROLES],
    [
      "certificate and key in one file",
      () => `${CONTENT.cert}${CONTENT.key}`,
      ["cert", "key", "tlsCert", "tlsKey"],
    ],
    [
      "a BEGIN line that names another form",
      (pem) => pem.replaceAll("PRIVATE", "RSA PRIVATE"),
      ["key", "tlsKey"],
    ],
  ];
  for (const [name, spoil, roles] of readable) {
    test(`${name}: read`, async () => {
      for (const role of roles) assert.equal(await load(role, spoil), "", role);
    });
  }

  const refused: readonly (readonly [string, (pem: string) => string, readonly Role[], RegExp])[] =
    [
      ["a byte order mark", (pem) => `\uFEFF${pem}`, ROLES, /cannot be used: a byte order mark/],
      ["an empty file", () => "", ROLES, /cannot be used: it is empty: put /],
      [
        "a CA in a block with headers",
        header("Comment: x\n\n"),
        ["tlsCa"],
        /within a PEM block.*: remove them/,
      ],
      [
        "an encrypted key",
        (pem) => pem.replaceAll("PRIVATE", "ENCRYPTED PRIVATE"),
        ["key", "tlsKey"],
        /it is encrypted: replace it by what openssl/,
      ],
      [
        "a key instead of a certificate",
        () => CONTENT.key,
        ["cert", "tlsCert", "tlsCa"],
        /its first PEM block \(PRIVATE KEY\) is not a certificate/,
      ],
    ];
  for (const [name, spoil, roles, want] of refused) {
    test(`${name}: named`, async () => {
      for (const role of roles) assert.match(await load(role, spoil), want, role);
    });
  }
});
