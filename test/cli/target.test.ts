/** Which node a verb contacts, and whom it believes to be there. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { ask } from "../../src/cli/client.ts";
import { openTarget } from "../../src/cli/target.ts";
import { createAuthority } from "../transport/certificates.ts";

/** The port of a server whose certificate has these names, and the file of its CA. */
async function serve(t: TestContext, names: readonly string[]): Promise<readonly [number, string]> {
  const authority = await createAuthority("test CA");
  const folder = await mkdtemp(join(tmpdir(), "target-"));
  const ca = join(folder, "ca.pem");
  await writeFile(ca, authority.cert);
  const server = createServer(await authority.issue("localhost", { names }), (_, response) => {
    response.end("[]");
  });
  await once(server.listen(0, "localhost"), "listening");
  t.after(async () => {
    server.close();
    await rm(folder, { recursive: true });
  });
  const address = server.address();
  assert(typeof address === "object" && address !== null);
  return [address.port, ca];
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
