/** What names lead to, asked of a real DNS server over UDP. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createNameService, type NameService, resolveName } from "../../src/node/name-service.ts";
import { startDnsServer } from "./dns-server.ts";

describe("a host with a port", () => {
  test("leads to each of its addresses, IPv4 and IPv6, under its own name", async (t) => {
    const dns = await startDnsServer(t);
    dns.records.set("gossip.test", ["10.0.0.1", "10.0.0.2", "fd00::1"]);
    const service = createNameService([dns.address]);
    const wanted = [
      "gossip.test/10.0.0.1:7051",
      "gossip.test/10.0.0.2:7051",
      "gossip.test/[fd00::1]:7051",
    ];
    for (const name of ["gossip.test:7051", "gossip.test.:7051"]) {
      const found = await resolveName(service, name);
      assert.deepEqual(
        [found.endpoints.toSorted(), found.code],
        [wanted.toSorted(), undefined],
        name,
      );
    }
    assert.deepEqual(dns.asked.toSorted().slice(0, 2), ["gossip.test A", "gossip.test A"]);
  });

  test("with addresses of one kind only is found", async (t) => {
    const dns = await startDnsServer(t);
    dns.records.set("four.test", ["10.0.0.1"]).set("six.test", ["fd00::6"]);
    const service = createNameService([dns.address]);
    assert.deepEqual((await resolveName(service, "four.test:1")).endpoints, [
      "four.test/10.0.0.1:1",
    ]);
    assert.deepEqual((await resolveName(service, "six.test:1")).endpoints, [
      "six.test/[fd00::6]:1",
    ]);
  });

  test("of the system's own files is found without a name server of ours", async () => {
    const { endpoints } = await resolveName(createNameService([]), "localhost:7051");
    assert.ok(endpoints.some((one) => /^localhost\/(?:127\.0\.0\.1|\[::1\]):7051$/.test(one)));
  });
});

describe("a service", () => {
  test("leads to its targets and their ports", async (t) => {
    const dns = await startDnsServer(t);
    dns.records.set("_gossip._tcp.shop.test", [
      "0 50 7051 peer0-0.shop.test",
      "0 50 7052 peer1-0.shop.test.",
    ]);
    const service = createNameService([dns.address]);
    const { endpoints } = await resolveName(service, "_gossip._tcp.shop.test");
    assert.deepEqual(endpoints.toSorted(), ["peer0-0.shop.test:7051", "peer1-0.shop.test:7052"]);
  });

  test("leads to addresses of targets that only its name server knows, as of Consul", async (t) => {
    const dns = await startDnsServer(t);
    dns.records
      .set("_gossip._tcp.shop.test", ["0 0 7051 a.addr.test", "0 0 7052 b.addr.test."])
      .set("a.addr.test", ["10.0.0.1", "fd00::1"])
      .set("b.addr.test", []);
    const service = createNameService([dns.address]);
    const { endpoints } = await resolveName(service, "_gossip._tcp.shop.test");
    assert.deepEqual(endpoints.toSorted(), [
      "a.addr.test/10.0.0.1:7051",
      "a.addr.test/[fd00::1]:7051",
      "b.addr.test:7052",
    ]);
  });

  test("that does not exist any more, or has no port, leads nowhere", async (t) => {
    const dns = await startDnsServer(t);
    dns.records.set("_gossip._tcp.gone.test", ["0 0 0 .", "0 0 0 peer.test"]);
    const found = await resolveName(createNameService([dns.address]), "_gossip._tcp.gone.test");
    assert.deepEqual(found, { endpoints: [], code: "ENODATA" });
  });
});

describe("a name that leads nowhere says why", () => {
  test("DNS does not know it, has no such record, or fails", async (t) => {
    const dns = await startDnsServer(t);
    dns.records.set("empty.test", []);
    const service = createNameService([dns.address]);
    const codeOf = async (name: string): Promise<string | undefined> =>
      (await resolveName(service, name)).code;
    assert.equal(await codeOf("nobody.test:1"), "ENOTFOUND");
    assert.equal(await codeOf("empty.test:1"), "ENODATA");
    assert.equal(await codeOf("_a._tcp.nobody.test"), "ENOTFOUND");
    dns.mode = "broken";
    assert.equal(await codeOf("nobody.test:1"), "ESERVFAIL");
  });

  test("a service of one's own that throws, or answers with what is no address", async () => {
    const answering = (found: readonly string[]): NameService => ({
      addresses: async () => found,
      services: async () => found.map((name) => ({ name, port: 7051 })),
    });
    const throwing: NameService = {
      addresses: () => {
        throw new Error("not today");
      },
      services: () => Promise.reject("nor tomorrow"),
    };
    assert.deepEqual(await resolveName(throwing, "a.test:1"), { endpoints: [], code: "unknown" });
    assert.equal((await resolveName(throwing, "_a._tcp.test")).code, "unknown");
    const odd = answering(["fe80::1%eth0", "a b", "\u001b[2J", "10.0.0.1:80", "10.0.0.1"]);
    assert.deepEqual((await resolveName(odd, "a.test:1")).endpoints, ["a.test/10.0.0.1:1"]);
    assert.deepEqual((await resolveName(odd, "_a._tcp.test")).endpoints, ["10.0.0.1:7051"]);
    const many = Array.from({ length: 5_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
    assert.equal((await resolveName(answering(many), "a.test:1")).endpoints.length, 1_000);
  });
});
