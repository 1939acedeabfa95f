/** Honest members and somebody hostile, for tests of what is heard second-hand. */
import assert from "node:assert/strict";
import { parseEnvelope, withoutSecret } from "../wire/envelope.ts";
import { createWorld, type TestNode, type World } from "./testing.ts";
import { testIdentity } from "./testing-identities.ts";
import { aliveOf, unsigned } from "./testing-messages.ts";
import type { Identity } from "./types/host.ts";

export const friend = testIdentity("A", "friend");
export const victim = testIdentity("A", "victim");
export const hostile = testIdentity("A", "hostile");

export type Heading = "alive" | "dead";

export function list(heading: Heading, ...messages: readonly Uint8Array[]): Uint8Array {
  return unsigned({ type: "membership-response", value: { [heading]: messages } });
}

export function said(seqNum: bigint, incNum = 1n): Uint8Array {
  const endpoint = "victim:7051";
  return aliveOf(victim, { incNum, seqNum, endpoint, internalEndpoint: endpoint });
}

export function stripped(bytes: Uint8Array): Uint8Array {
  const envelope = parseEnvelope(bytes);
  assert.ok(envelope.ok);
  return withoutSecret(envelope.value).bytes;
}

export interface Scene {
  readonly world: World;
  readonly node: TestNode;
  hear(from: Identity, bytes: Uint8Array): void;
  status(): string | undefined;
}

export function setUp(seed: number, isThere = true): Scene {
  const world = createWorld(seed);
  const node = world.add("n");
  for (const identity of [friend, victim, hostile]) world.meet(node, identity);
  // Somebody answers pings there, and says nothing else.
  if (isThere) world.add("victim", { identity: victim, trusts: [] });
  return {
    world,
    node,
    hear: (from, bytes) => world.give(node, { type: "message", from: from.pkiId, bytes }),
    status: () => node.core.members.table.get(victim.pkiId)?.status,
  };
}
