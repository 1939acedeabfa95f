/** Which addresses are dialled on a member's word. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DeniedError, DialFilter } from "./dial-rules.ts";

const filter = new DialFilter({
  deny: ["169.254.0.0/16", "fe80::/10", "100.100.100.200", "127.0.0.9"],
  ownPorts: [9443],
  exempt: ["169.254.1.1:7051"],
});

function isDialled(host: string, port = 7051): Promise<boolean> {
  const resolve = filter.resolver({ host, port });
  if (resolve === undefined) return Promise.resolve(false);
  return new Promise((settle, reject) => {
    resolve(host, { all: true }, (error) => {
      if (error instanceof DeniedError) settle(false);
      else if (error) reject(error);
      else settle(true);
    });
  });
}

describe("an endpoint that a member tells of", () => {
  const cases: readonly (readonly [host: string, port: number, isDialled: boolean])[] = [
    ["10.0.0.5", 7051, true],
    ["127.0.0.1", 7051, true],
    ["169.254.169.254", 80, false],
    ["100.100.100.200", 80, false],
    ["fe80::1", 7051, false],
    ["::ffff:169.254.169.254", 80, false],
    ["2001:db8::1", 7051, true],
    // Our operations endpoint, by each of our addresses.
    ["127.0.0.1", 9443, false],
    ["127.8.8.8", 9443, false],
    ["10.0.0.5", 9443, true],
    // The user has named it.
    ["169.254.1.1", 7051, true],
    ["169.254.1.1", 7052, false],
  ];
  for (const [host, port, want] of cases) {
    test(`${host} port ${port} is ${want ? "" : "not "}dialled`, async () => {
      assert.equal(await isDialled(host, port), want);
    });
  }

  test("a name is judged by where it leads", async () => {
    assert.equal(await isDialled("localhost"), true);
    assert.equal(await isDialled("localhost", 9443), false);
    const denied = new DialFilter({ deny: ["127.0.0.0/8", "::1"], ownPorts: [], exempt: [] });
    const resolve = denied.resolver({ host: "localhost", port: 7051 });
    const error = await new Promise((settle) => {
      resolve?.("localhost", { all: false }, (fault) => settle(fault));
    });
    assert.ok(error instanceof DeniedError);
  });
});
