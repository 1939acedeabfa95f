import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { GossipError } from "./errors.ts";
import { formatLogSpec, levelOf, parseLogSpec } from "./log-spec.ts";

describe("levelOf() takes the nearest name", () => {
  const cases = [
    { spec: "", name: "gossip", want: "info" },
    { spec: "error", name: "gossip", want: "error" },
    { spec: "error:debug", name: "gossip", want: "debug" },
    { spec: "gossip=debug", name: "gossip", want: "debug" },
    { spec: "gossip=debug", name: "gossip.discovery.sync", want: "debug" },
    { spec: "gossip=debug", name: "gossipers", want: "info" },
    { spec: "gossip=debug:gossip.comm=ERROR", name: "gossip.comm.grpc", want: "error" },
    { spec: "gossip.=debug", name: "gossip", want: "debug" },
    { spec: "gossip.=debug", name: "gossip.comm", want: "info" },
    { spec: "info:gossip.discovery=debug:comm,gossip=warning", name: "comm", want: "warn" },
    { spec: "notice:a=critical", name: "a", want: "error" },
    { spec: "debug:", name: "a", want: "debug" },
  ] as const;
  for (const { spec, name, want } of cases) {
    test(`${JSON.stringify(spec)} gives ${name} ${want}`, () => {
      assert.equal(levelOf(parseLogSpec(spec), name), want);
    });
  }
});

describe("parseLogSpec() refuses with a reason and a remedy", () => {
  const cases = [
    { spec: "loud", want: /no level called "loud"; write levels like/ },
    { spec: "a=loud", want: /no level called "loud"/ },
    { spec: "a=", want: /no level called ""/ },
    { spec: "=debug", want: /no correct logger name in "=debug"/ },
    { spec: "a,,b=debug", want: /no correct logger name/ },
    { spec: ".a=debug", want: /no correct logger name/ },
    { spec: "a=b=debug", want: /two "="/ },
    { spec: "a".repeat(5_000), want: /more than 4096 characters/ },
  ];
  for (const { spec, want } of cases) {
    test(spec.slice(0, 20), () => {
      assert.throws(
        () => parseLogSpec(spec),
        (error) => error instanceof GossipError && want.test(error.message),
      );
    });
  }
});

test("parseLogSpec() tells all that is wrong, the same once", () => {
  assert.throws(
    () => parseLogSpec("loud:a=soft:info:=debug:loud"),
    (error) => error instanceof GossipError && error.problems.length === 3,
  );
});

test("formatLogSpec() prints Fabric's normal form: loggers in order, then the default", () => {
  const spec = parseLogSpec("WARNING:gossip,comm=debug:comm.grpc.=fatal");
  assert.equal(formatLogSpec(spec), "comm.grpc.=fatal:comm=debug:gossip=debug:warn");
});

test("whatever is accepted survives printing; everything else is a GossipError", () => {
  const part = fc.constantFrom("gossip", "comm", "a.b", "=", ",", ":", ".", "debug", "warn", "x y");
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      try {
        const spec = parseLogSpec(parts.join(""));
        assert.deepEqual(formatLogSpec(parseLogSpec(formatLogSpec(spec))), formatLogSpec(spec));
      } catch (error) {
        assert.ok(error instanceof GossipError, String(error));
      }
    }),
  );
});
