/** A network of members that talk to each other: whole nodes in memory, in virtual time. */
import type { PkiId, Signer } from "../core/types/host.ts";
import type { GossipEvent } from "../observe/events.ts";
import type { TopicEvent } from "../observe/topics.ts";
import { createMemoryHub, type MemoryHub } from "../transport/memory.ts";
import { createVirtualClock, type VirtualClock } from "../transport/testing.ts";
import { GossipNode } from "./node.ts";
import { testParts } from "./testing.ts";

export const NOW_MS = 1_800_000_000_000;
export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (payload: Uint8Array): string => new TextDecoder().decode(payload);

export interface Member {
  readonly name: string;
  readonly node: GossipNode;
  readonly pkiId: PkiId;
  /** What it was told by its node. */
  readonly events: GossipEvent[];
  /** What it heard of the topic "t". */
  readonly heard: TopicEvent[];
}

export interface Options {
  readonly tags?: Record<string, string>;
  readonly signer?: Signer;
}

export class Network {
  readonly clock: VirtualClock = createVirtualClock(NOW_MS);
  readonly hub: MemoryHub = createMemoryHub({ clock: this.clock, latencyMs: () => 1 });
  #nodes = 0;

  async start(name: string, { tags = {}, signer }: Options = {}): Promise<Member> {
    this.#nodes += 1;
    const { clock, hub } = this;
    const parts = testParts(name, { clock, hub, bootstrap: ["a:1"], signer, seed: this.#nodes });
    const node = await GossipNode.create({ ...parts, tags });
    const member = { name, node, pkiId: parts.identity.pkiId, events: [], heard: [] };
    void collect(node.events(), member.events);
    void collect(node.subscribe("t"), member.heard);
    return member;
  }

  async startAll(...names: readonly string[]): Promise<readonly Member[]> {
    const members: Member[] = [];
    for (const name of names) members.push(await this.start(name));
    await this.run(1_000);
    return members;
  }

  /** Lets virtual time pass; promises between the steps are served. */
  async run(ms: number): Promise<void> {
    for (let step = 0; step < 20; step++) {
      this.clock.advance(ms / 20);
      await new Promise(setImmediate);
    }
  }
}

export async function collect<T>(from: AsyncIterable<T>, into: T[]): Promise<void> {
  for await (const one of from) into.push(one);
}

export function heard({ heard }: Member): string[] {
  return heard.map(({ payload }) => text(payload));
}

export function counts({ node }: Member): Record<string, number> {
  return { ...node.diagnostics.counts().dropped };
}

export const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `m${i}`);
