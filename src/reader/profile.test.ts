/** What is said of connection profiles that are none, or that would take long to read. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { readProfile } from "./profile.ts";

/** The problems of a profile of this text, without its path. */
async function problemsOf(t: TestContext, text: string | Uint8Array): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), "profile-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, "profile");
  await writeFile(file, text);
  const problems: string[] = [];
  await readProfile(file, problems);
  return problems.map((problem) => problem.replaceAll(file, "FILE"));
}

const notA = (why: string) =>
  `FILE is no connection profile in JSON or YAML (${why}): correct the file.`;
const TOO_MUCH = "FILE has more than 20000 colons, commas and the like: give a connection profile.";
const peers = Object.fromEntries(
  Array.from({ length: 200 }, (_, i) => [`p${i}`, { url: `grpc://h${i}:1`, a: ["b", "c", "d"] }]),
);

const cases = [
  ["other bytes", Buffer.from("peers:\n  \xfc: 1\n", "latin1"), [notA("line 2 is not UTF-8")]],
  ["many empty keys", ":\n".repeat(20_001), [TOO_MUCH]],
  [
    "aliases of aliases",
    `a: &a [${"x,".repeat(9)}x]\nb: &b [${"*a,".repeat(40)}*a]\nc: [${"*b,".repeat(40)}*b]`,
    [notA("Excessive alias count indicates a resource exhaustion attack")],
  ],
  ["keys that are maps within each other", "? ".repeat(300), [notA("a key is no text")]],
  ["a key given twice", "peers:\n  a: {}\n  a: {}\n", [notA("the key a is given twice")]],
  ["lists within each other", "- ".repeat(19_000), [notA("lists or maps are nested too deeply")]],
  [
    "an error in a line",
    "a: 1\nb: [\n",
    [
      notA(
        "Flow sequence in block collection must be sufficiently indented and end with a ] " +
          "at line 3, column 1",
      ),
    ],
  ],
  [
    "many wrong PEM texts of one peer",
    `peers: {p: {url: 'grpcs://h:1', tlsCACerts: {pem: [${"x,".repeat(1_000)}]}}}`,
    [
      "FILE: peer p, tlsCACerts.pem cannot be used: there is no PEM block in it: put the PEM text " +
        "there, or remove the file.",
    ],
  ],
] as const;
for (const [what, text, want] of cases) {
  test(`${what}: one sentence`, async (t) => {
    assert.deepEqual(await problemsOf(t, text), want);
  });
}

test("a profile of 200 peers is read, in YAML and in JSON with twice the marks", async (t) => {
  const json = JSON.stringify({ peers, more: Array.from({ length: 7_000 }, () => "x") });
  assert.deepEqual(await problemsOf(t, json), []);
  assert.deepEqual(await problemsOf(t, `# YAML\n${JSON.stringify({ peers })}`), []);
  assert.deepEqual(await problemsOf(t, `# YAML\n${json}`), [TOO_MUCH]);
});

test("a profile in UTF-16, as editors of Windows save it, and a URL in capitals are read", async (t) => {
  const text = '\ufeff{"peers": {"p": {"url": "GRPC://HOST:1/"}}}\r\n';
  const littleEndian = Buffer.from(text, "utf16le");
  for (const bytes of [littleEndian, Buffer.from(littleEndian).swap16(), Buffer.from(text)]) {
    assert.deepEqual(await problemsOf(t, bytes), []);
  }
});
