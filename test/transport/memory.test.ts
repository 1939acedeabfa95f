import assert from "node:assert/strict";
import { createMemoryHub } from "../../src/transport/memory.ts";
import { createVirtualClock } from "../../src/transport/testing.ts";
import { networkSuite, type TestNetwork } from "./suite.ts";

async function createWorld(): Promise<TestNetwork> {
  const clock = createVirtualClock();
  const messageBytesMax = 100_000;
  const hub = createMemoryHub({ clock, latencyMs: () => 1, messageBytesMax });
  let members = 0;
  const member = async (endpoint: string) => ({
    network: hub.network({ endpoints: [endpoint], certificate: Buffer.from(endpoint) }),
    endpoint: () => endpoint,
  });
  return {
    member() {
      members += 1;
      return member(`member${members}:7051`);
    },
    rival: ({ endpoint }) => member(endpoint()),
    async until(isTrue) {
      for (let i = 0; i < 10_000 && !isTrue(); i++) clock.advance(1);
      assert.ok(isTrue(), "it never became true");
    },
    async settle() {
      clock.advance(100);
    },
    nowhere: "nowhere:7051",
    messageBytesMax,
    close: async () => {},
  };
}

networkSuite("memory", createWorld);
