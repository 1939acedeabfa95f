/** Which node a verb contacts, and whom it believes to be there. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { ask } from "../../src/cli/client.ts";
import { openTarget } from "../../src/cli/target.ts";
import { alternativeNames, keyPem, makeCertificate } from "../../src/msp/testing.ts";
import { createAuthority } from "../transport/certificates.ts";

interface Pair {
  readonly cert: string | Uint8Array;
  readonly key: string | Uint8Array;
}

/** The port of a server with this pair, and a file with its CA. */
async function serveWith(
  t: TestContext,
  { cert, key }: Pair,
  authority: string | Uint8Array,
): Promise<readonly [number, string]> {
  const folder = await mkdtemp(join(tmpdir(), "target-"));
  const ca = join(folder, "ca.pem");
  await writeFile(ca, authority);
  const pair = { cert: Buffer.from(cert), key: Buffer.from(key) };
  const server = createServer(pair, (_, response) => response.end("[]"));
  await once(server.listen(0, "localhost"), "listening");
  t.after(async () => {
    server.close();
    await rm(folder, { recursive: true });
  });
  const address = server.address();
  assert(typeof address === "object" && address !== null);
  return [address.port, ca];
}

/** The same; its certificate has these names. */
async function serve(t: TestContext, names: readonly string[]): Promise<readonly [number, string]> {
  const authority = await createAuthority("test CA");
  return serveWith(t, await authority.issue("localhost", { names }), authority.cert);
}

describe("a verb over https", () => {
  for (const [names, isBelieved] of [
    [["localhost"], true],
    [["LOCALHOST", "other"], true],
    [["other"], false],
    [[], false], // Only the subject names the host, which Go does not accept either.
  ] as const) {
    const what = isBelieved ? "believes" : "does not believe";
    test(`${what} a certificate for ${names.join(", ") || "nobody"}`, async (t) => {
      const [port, ca] = await serve(t, names);
      const target = await openTarget({ url: `https://localhost:${port}`, ca });
      const answer = ask(target, "/", {});
      if (isBelieved) assert.equal(await answer, "[]");
      else await assert.rejects(answer, /is not for localhost, but for .*: use a name of/);
    });
  }
});

describe("of the URL of a node", () => {
  const serve = async (t: TestContext, status = 200) => {
    const asked: string[] = [];
    const server = createHttpServer(({ url, headers }, response) => {
      asked.push(`${headers.authorization ?? ""} ${url}`);
      response.writeHead(status).end("[]");
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    t.after(() => server.close());
    const address = server.address();
    assert(typeof address === "object" && address !== null);
    return { asked, host: `127.0.0.1:${address.port}` };
  };

  test("the path and the password of a proxy in front of it are used, the password is never told", async (t) => {
    const { asked, host } = await serve(t);
    for (const path of ["", "/", "/a/b", "/a/b/", "//c"]) {
      await ask(await openTarget({ url: `http://me:p%25@${host}${path}` }), "/api?x=1", {});
    }
    const basic = `Basic ${Buffer.from("me:p%").toString("base64")}`;
    assert.deepEqual(
      asked,
      ["/api?x=1", "/api?x=1", "/a/b/api?x=1", "/a/b/api?x=1", "//c/api?x=1"].map(
        (path) => `${basic} ${path}`,
      ),
    );
    for (const [status, want] of [
      [404, /^http:..127\.0\.0\.1:\d+\/a\/api answered 404: .*The path \/a of --url is that of a/],
      [401, /^http:..127\.0\.0\.1:\d+ asks for a user and a password/],
    ] as const) {
      const other = await serve(t, status);
      const target = await openTarget({ url: `http://me:secret@${other.host}/a` });
      await assert.rejects(ask(target, "/api", {}), (error: Error) => {
        assert.match(error.message, want);
        assert.doesNotMatch(error.message, /secret/);
        return true;
      });
    }
  });

  for (const [url, want] of [
    [
      "http://h:1/a?b=c#d",
      "--url http://h:1/a?b=c#d goes on after the address of a node: write http://h:1/a alone.",
    ],
    [
      "http://h:1?b=me@c",
      "--url http://h:1?b=me@c goes on after the address of a node: write http://h:1 alone.",
    ],
    [
      "me:x#y@h:1",
      '"***@h:1" is not the URL of a node: give one like http://127.0.0.1:9443 with --url.',
    ],
    ["h:1#members", "--url h:1#members goes on after the address of a node: write h:1 alone."],
    [
      "http://me:%zz@h:1",
      "--url http://***@h:1 has a user or password with a lone %: write %25 for it.",
    ],
    [
      "ftp://me:x@h:1",
      '"ftp://***@h:1" is not the URL of a node: give one like http://127.0.0.1:9443 with --url.',
    ],
  ] as const) {
    test(`${url} is refused`, async () => {
      await assert.rejects(openTarget({ url }), { code: "config-invalid", message: want });
    });
  }
});

test("an intermediate CA is enough, and quotation marks around the URL are left out", async (t) => {
  const root = makeCertificate({ commonName: "root", isCa: true });
  const inner = makeCertificate({ commonName: "inner", isCa: true, issuer: root });
  const extensions = [alternativeNames("localhost")];
  const made = makeCertificate({ commonName: "node", issuer: inner, extensions });
  const pair = { cert: made.pem, key: keyPem(made) };
  const [port, ca] = await serveWith(t, pair, inner.pem);
  const target = await openTarget({ url: `"https://localhost:${port}"`, ca });
  assert.equal(await ask(target, "/", {}), "[]");
  const [other, wrong] = await serveWith(
    t,
    pair,
    makeCertificate({ commonName: "other", isCa: true }).pem,
  );
  await assert.rejects(
    openTarget({ url: `https://localhost:${other}`, ca: wrong }).then((one) => ask(one, "/", {})),
    /of a CA that we do not trust \([^;]*\): give the CA with --ca\.$/,
  );
});

test("what TLS needs is refused without TLS, not ignored", async (t) => {
  const authority = await createAuthority("test CA");
  const folder = await mkdtemp(join(tmpdir(), "target-"));
  t.after(() => rm(folder, { recursive: true }));
  const files = { ca: join(folder, "ca"), cert: join(folder, "cert"), key: join(folder, "key") };
  const { cert, key } = await authority.issue("one", {});
  await writeFile(files.ca, authority.cert);
  await writeFile(files.cert, cert);
  await writeFile(files.key, key);
  await assert.rejects(openTarget({ url: "h:1", ca: files.ca }), {
    code: "config-invalid",
    message:
      "--ca has no effect on http://h:1, which does not use TLS: use https://h:1 with --url, or omit it.",
  });
  await assert.rejects(
    openTarget(files),
    / --ca, --cert and --key have no effect on http:\/\/127.* or omit them\.$/,
  );
  process.env["FABRIC_GOSSIP_CA"] = files.ca;
  t.after(() => delete process.env["FABRIC_GOSSIP_CA"]);
  assert.equal((await openTarget({ url: "h:1", ca: files.ca })).url.host, "h:1");
  assert.equal((await openTarget({ url: "https://h:1", ...files })).url.host, "h:1");
});

test("a certificate and the key of another are named together", async (t) => {
  const authority = await createAuthority("test CA");
  const folder = await mkdtemp(join(tmpdir(), "target-"));
  t.after(() => rm(folder, { recursive: true }));
  const [cert, key] = [join(folder, "one.pem"), join(folder, "other.key")];
  await writeFile(cert, (await authority.issue("one", {})).cert);
  await writeFile(key, (await authority.issue("other", {})).key);
  await assert.rejects(openTarget({ cert, key }), {
    code: "config-invalid",
    message: `--cert ${cert} and --key ${key} cannot be used together (key values mismatch): give a certificate and the key that it was issued for.`,
  });
});

describe("a verb without --url", () => {
  const setUp = (t: TestContext, variables: Readonly<Record<string, string>>): void => {
    for (const [name, value] of Object.entries(variables)) process.env[name] = value;
    t.after(() => {
      for (const name of Object.keys(variables)) delete process.env[name];
    });
  };
  const LISTEN = "CORE_OPERATIONS_LISTENADDRESS";

  for (const [given, url] of [
    ["0.0.0.0:9500", "http://127.0.0.1:9500"],
    [":9500", "http://127.0.0.1:9500"],
    ["10.0.0.1:9500", "http://10.0.0.1:9500"],
    ["", "http://127.0.0.1:9443"],
  ] as const) {
    test(`asks at ${url} where the environment says "${given}"`, async (t) => {
      setUp(t, { [LISTEN]: given });
      const target = await openTarget({});
      assert.equal(target.url.origin, url);
      assert.equal((await openTarget({ url: "h:1" })).url.origin, "http://h:1");
    });
  }

  test("uses TLS if the environment says so", async (t) => {
    setUp(t, { [LISTEN]: "peer0:9443", CORE_OPERATIONS_TLS_ENABLED: "true" });
    assert.equal((await openTarget({})).url.origin, "https://peer0:9443");
  });

  test("tells what is wrong there", async (t) => {
    setUp(t, { [LISTEN]: "peer0" });
    await assert.rejects(openTarget({}), /CORE_OPERATIONS_LISTENADDRESS\) is "peer0"/);
  });
});
