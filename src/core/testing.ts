/**
 * A world of cores in virtual time, for tests of the core: made-up members, a network that delivers
 * after a fixed delay, and nothing else. One seed gives one run.
 */
import { createCore, step } from "./core.ts";
import { aliveMembers } from "./tables/members.ts";
import { EPOCH_MS, seededRandom, testSignature } from "./testing-identities.ts";
import { createNode, createReader, type TestNode, type TestNodeOptions } from "./testing-node.ts";
import type { Effect, Outgoing } from "./types/effect.ts";
import type { Identity, Now, PkiId } from "./types/host.ts";
import type { Input } from "./types/input.ts";

export type { TestNode, TestNodeOptions };

export interface World {
  readonly nodes: Map<string, TestNode>;
  now(): Now;
  add(name: string, options?: TestNodeOptions): TestNode;
  /** The process dies; sockets reset. */
  kill(node: TestNode): void;
  /** The process starts again, with a new incarnation and nothing remembered. */
  restart(node: TestNode): void;
  /** The process goes on with another identity at the same endpoint. */
  renew(node: TestNode, identity: Identity): void;
  /** So much time since the start of the world, at once; nothing happens in between. */
  leap(elapsedMs: number): void;
  /** The process is not given the processor for so long; messages to it wait. */
  stall(node: TestNode, ms: number): void;
  /** Packets between the two groups vanish, until `heal`. */
  cut(a: readonly TestNode[], b: readonly TestNode[]): void;
  heal(): void;
  /** Puts an input into a node by hand. */
  give(node: TestNode, input: Input): void;
  /** A handshake with somebody who is no node of this world: what is sent to it goes nowhere. */
  meet(node: TestNode, identity: Identity): void;
  /** Lets virtual time pass. */
  run(ms: number): void;
  /** Runs until the condition holds; how long that took, or undefined after `maxMs`. */
  runUntil(condition: () => boolean, maxMs: number): number | undefined;
  /** Moves the wall clock, not the other one. */
  setBackMs: number;
}

/** Names of the alive members in the node's view, sorted, for comparison at a glance. */
export function viewOf(world: World, node: TestNode): string {
  const names = new Map([...world.nodes.values()].map((n) => [n.identity.pkiId, n.name]));
  return aliveMembers(node.core.members)
    .map(({ pkiId }) => names.get(pkiId) ?? pkiId.slice(0, 8))
    .sort()
    .join(" ");
}

interface Scheduled {
  readonly atMs: number;
  readonly action: () => void;
}

const NEVER = Number.POSITIVE_INFINITY;

export function createWorld(seed: number, delayMs = 1): World {
  const nodes = new Map<string, TestNode>();
  const random = seededRandom(seed);
  const read = createReader();
  let cuts: [Set<TestNode>, Set<TestNode>][] = [];
  /** The next thing first. */
  const queue: Scheduled[] = [];
  let elapsedMs = 0;

  const world: World = {
    nodes,
    setBackMs: 0,
    now: () => ({ elapsedMs, wallMs: EPOCH_MS + elapsedMs - world.setBackMs }),
    add(name, options = {}) {
      const draws = seededRandom(random.below(2 ** 31));
      const node = createNode(name, options, { read, random: draws }, world.now());
      nodes.set(name, node);
      world.give(node, { type: "start" });
      return node;
    },
    kill(node) {
      node.isUp = false;
      for (const peer of nodes.values()) {
        if (!peer.connected.delete(node.identity.pkiId) || !canReach(peer, node)) continue;
        const { pkiId } = node.identity;
        later(delayMs, () => world.give(peer, { type: "connection-lost", pkiId }));
      }
      node.connected.clear();
    },
    restart(node) {
      node.core = createCore(node.core.options, world.now());
      node.isUp = true;
      world.give(node, { type: "start" });
    },
    renew(node, identity) {
      node.identity = identity;
      world.give(node, { type: "renewed", self: identity });
    },
    leap(toMs) {
      elapsedMs = toMs;
    },
    stall(node, ms) {
      node.stalledUntilMs = elapsedMs + ms;
      later(ms, () => {
        for (const input of node.stalled.splice(0)) world.give(node, input);
      });
      world.run(ms);
    },
    cut(a, b) {
      cuts.push([new Set(a), new Set(b)]);
    },
    heal() {
      cuts = [];
    },
    give(node, input) {
      if (!node.isUp) return;
      if (elapsedMs < node.stalledUntilMs) {
        if (input.type !== "tick") node.stalled.push(input);
        return;
      }
      const effects = step(node.core, input, world.now());
      node.dueMs = node.core.expectedAtMs;
      for (const effect of effects) perform(node, effect);
    },
    meet(node, identity) {
      node.connected.add(identity.pkiId);
      world.give(node, { type: "connected", identity });
    },
    run(ms) {
      const untilMs = elapsedMs + ms;
      while (advance(untilMs));
      elapsedMs = untilMs;
    },
    runUntil(condition, maxMs) {
      const startMs = elapsedMs;
      while (!condition()) {
        if (elapsedMs >= startMs + maxMs || !advance(startMs + maxMs)) return undefined;
      }
      return elapsedMs - startMs;
    },
  };

  function later(ms: number, action: () => void): void {
    const atMs = elapsedMs + ms;
    const after = queue.findLastIndex((one) => one.atMs <= atMs);
    queue.splice(after + 1, 0, { atMs, action });
  }

  /** Does the next thing that happens before `untilMs`; false if there is none. */
  function advance(untilMs: number): boolean {
    const [next] = queue;
    const tick = nextTick();
    const atMs = Math.max(elapsedMs, Math.min(next?.atMs ?? NEVER, tick?.atMs ?? NEVER));
    if (atMs > untilMs) return false;
    elapsedMs = atMs;
    if (next && next.atMs <= (tick?.atMs ?? NEVER)) {
      queue.shift();
      next.action();
    } else if (tick) world.give(tick.node, { type: "tick" });
    return true;
  }

  function nextTick(): { node: TestNode; atMs: number } | undefined {
    let soonest: { node: TestNode; atMs: number } | undefined;
    for (const node of nodes.values()) {
      if (!node.isUp) continue;
      const atMs = Math.max(node.stalledUntilMs, node.dueMs);
      if (soonest === undefined || atMs < soonest.atMs) soonest = { node, atMs };
    }
    return soonest;
  }

  function canReach(a: TestNode, b: TestNode): boolean {
    return !cuts.some(([x, y]) => (x.has(a) && y.has(b)) || (x.has(b) && y.has(a)));
  }

  function at(endpoint: string): TestNode | undefined {
    return [...nodes.values()].reverse().find((n) => {
      return n.isUp && (n.endpoint === endpoint || n.core.self.externalEndpoint === endpoint);
    });
  }

  function perform(node: TestNode, effect: Effect): void {
    switch (effect.type) {
      case "send":
        deliver(node, effect);
        return;
      case "identify":
        identify(node, effect.endpoint);
        return;
      case "ping": {
        const { pkiId, endpoint } = effect;
        const target = at(endpoint);
        const reachable = target !== undefined && canReach(node, target);
        later(2 * delayMs, () => world.give(node, { type: "pinged", pkiId, reachable }));
        return;
      }
      case "disconnect":
        node.connected.delete(effect.pkiId);
        for (const peer of nodes.values()) {
          if (peer.identity.pkiId === effect.pkiId) peer.connected.delete(node.identity.pkiId);
        }
        return;
      case "sign": {
        const { token, payload, secret } = effect;
        const signature = testSignature(node.identity.pkiId, payload);
        const secretSignature = secret && testSignature(node.identity.pkiId, secret);
        later(0, () => world.give(node, { type: "signed", token, signature, secretSignature }));
        return;
      }
      case "serve-blocks":
        node.served.push(effect);
        return;
      case "drop":
        for (let i = 0; i < effect.times; i++) node.drops.push(effect.code);
        return;
      case "channel-message":
        node.received.push(effect.message);
        return;
      case "notify":
        node.events.push(effect.event);
    }
  }

  function identify(node: TestNode, endpoint: string): void {
    const target = at(endpoint);
    const isThere = target !== undefined && canReach(node, target) && trusts(node, target);
    later(2 * delayMs, () =>
      world.give(node, {
        type: "identified",
        endpoint,
        identity: isThere ? target.identity : undefined,
        ...(isThere ? {} : { fault: { code: "unreachable", detail: "" } }),
      }),
    );
  }

  function trusts(a: TestNode, b: TestNode): boolean {
    return believes(a, b) && believes(b, a);
  }

  function believes(a: TestNode, { identity }: TestNode): boolean {
    const { mspId, pkiId, notAfterMs } = identity;
    const { trusted, revoked } = a.crypto;
    return notAfterMs > world.now().wallMs && trusted.has(mspId) && !revoked.has(pkiId);
  }

  function deliver(node: TestNode, { to, endpoint, messages }: Effect & { type: "send" }): void {
    const from = node.identity.pkiId;
    for (const message of messages) node.sent.push(record(to, message));
    const target = connectedPeer(node, to) ?? at(endpoint);
    if (target === undefined || !canReach(node, target) || !trusts(node, target)) {
      const lost: Input = { type: "send-failed", pkiId: to, endpoint };
      // A connection that was cut swallows what is sent; a new dial fails.
      if (!node.connected.has(to)) later(delayMs, () => world.give(node, lost));
      return;
    }
    if (!node.connected.has(target.identity.pkiId)) connect(node, target);
    if (target.identity.pkiId !== to) {
      world.give(node, { type: "replaced", old: to, identity: target.identity });
    }
    later(delayMs, () => {
      for (const { bytes } of messages) world.give(target, { type: "message", from, bytes });
    });
  }

  function connectedPeer(node: TestNode, to: PkiId): TestNode | undefined {
    if (!node.connected.has(to)) return undefined;
    for (const peer of nodes.values()) if (peer.identity.pkiId === to && peer.isUp) return peer;
    return undefined;
  }

  function connect(a: TestNode, b: TestNode): void {
    a.connected.add(b.identity.pkiId);
    b.connected.add(a.identity.pkiId);
    world.give(a, { type: "connected", identity: b.identity });
    world.give(b, { type: "connected", identity: a.identity });
  }

  function record(
    to: PkiId,
    { bytes, isAllowed = () => true }: Outgoing,
  ): TestNode["sent"][number] {
    const received = read(bytes);
    if (!received.ok) throw new Error("a core sent something that cannot be decoded");
    return { to, message: received.value.message, bytes, isAllowed, atMs: elapsedMs };
  }

  return world;
}
