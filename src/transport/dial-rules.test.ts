/** Which addresses are dialled on a member's word. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { OWN_KEYS } from "../config/keys-own.ts";
import { DeniedError, DialFilter } from "./dial-rules.ts";

const DEFAULTS = OWN_KEYS.dialDeny.absent;

const filter = new DialFilter({
  deny: ["169.254.0.0/16", "fe80::/10", "100.100.100.200", "127.0.0.9"],
  ownPorts: [9443],
  homes: [],
  exempt: ["169.254.1.1:7051"],
});

function isDialled(host: string, port = 7051, by = filter): Promise<boolean> {
  const resolve = by.resolver({ host, port });
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
    const denied = new DialFilter({
      deny: ["127.0.0.0/8", "::1"],
      ownPorts: [],
      homes: [],
      exempt: [],
    });
    const resolve = denied.resolver({ host: "localhost", port: 7051 });
    const error = await new Promise((settle) => {
      resolve?.("localhost", { all: false }, (fault) => settle(fault));
    });
    assert.ok(error instanceof DeniedError);
  });

  test("a number, a short form, capitals and a dot at the end are names like any other", async () => {
    const strict = new DialFilter({ deny: DEFAULTS, ownPorts: [], homes: [], exempt: [] });
    for (const name of ["2852039166", "0xa9fea9fe", "127.1", "0", "LOCALHOST", "localhost."]) {
      const isReached = await isDialled(name, 80, strict).catch(() => false);
      assert.equal(isReached, false, name);
    }
  });
});

describe("by default", () => {
  const at = (...homes: string[]): DialFilter =>
    new DialFilter({ deny: DEFAULTS, ownPorts: [9443], homes, exempt: ["[::1]:7051"] });

  test("loopback, link-local, metadata, unspecified and multicast addresses are not dialled", async () => {
    const away = at("10.0.0.7", "peer0.org1.invalid");
    for (const host of [
      ...["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "0.0.0.0", "0.1.2.3", "::"],
      ...["169.254.169.254", "fe80::a9fe:a9fe", "fd00:ec2::254", "100.100.100.200"],
      ...["224.0.0.1", "255.255.255.255", "ff02::1", "::ffff:a9fe:a9fe"],
    ])
      assert.equal(await isDialled(host, 80, away), false, host);
    assert.equal(await isDialled("localhost", 80, away), false);
    assert.equal(await isDialled("10.0.0.8", 80, away), true);
    assert.equal(await isDialled("::1", 7051, away), true, "the user has named it");
  });

  for (const home of ["127.0.0.1", "::1", "localhost"]) {
    test(`loopback addresses are dialled if we are at ${home}, but for our operations port`, async () => {
      const here = at("10.0.0.7", home);
      while (!(await isDialled("127.0.0.2", 80, here))) await new Promise(setImmediate);
      assert.equal(await isDialled("localhost", 80, here), true);
      assert.equal(await isDialled("127.0.0.1", 9443, here), false);
      assert.equal(await isDialled("169.254.169.254", 80, here), false);
    });
  }
});
