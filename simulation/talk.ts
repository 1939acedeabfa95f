/** Members that broadcast events and queries, and what their programs receive. */
import type { GossipNode } from "../src/node/node.ts";
import type { MessageChecker } from "./checkers/messages.ts";
import { observers } from "./convergence.ts";
import type { Life } from "./member.ts";
import { createSeededRandom, type SeededRandom } from "./random.ts";
import type { World } from "./world.ts";

export const TOPIC = "talk";
/** Probabilities per second that a member broadcasts or queries. */
const SPEAKS = 0.2;
const ASKS = 0.03;
const QUERY_TIMEOUT_MS = 20_000;
/** Number of members that query everybody after all faults. */
const LAST_ASKERS = 4;
/** Share of events that are for some organisations only. */
const ADDRESSED = 0.3;

export class Talk {
  readonly #world: World;
  readonly #checker: MessageChecker;
  readonly #random: SeededRandom;
  #spoken = 0;

  constructor(world: World, checker: MessageChecker, seed: number) {
    this.#world = world;
    this.#checker = checker;
    this.#random = createSeededRandom(seed ^ 0x7a1c);
    world.watch({ began: (life) => this.#listen(life) });
  }

  /** Call once per virtual second. */
  second(): void {
    for (const { life } of this.#world.members) {
      if (life === undefined || life.process.isStalled) continue;
      if (this.#random.chance(SPEAKS)) void this.#speak(life);
      if (this.#random.chance(ASKS)) void this.#ask(life, []);
    }
  }

  /** Lets a few members query all others, and checks all messages so far. */
  async finish(): Promise<void> {
    const members = observers(this.#world);
    for (const { life } of members.slice(0, LAST_ASKERS)) {
      if (life) void this.#ask(life, members);
    }
    await this.#world.run(QUERY_TIMEOUT_MS + 1_000);
    this.#checker.finish(observers(this.#world));
  }

  #listen(life: Life): void {
    const { node, member } = life;
    node.answer(TOPIC, ({ payload }) => encode(`${decode(payload)} ${member.name}`));
    void this.#hear(life, node);
  }

  async #hear(life: Life, node: GossipNode): Promise<void> {
    for await (const { from, payload } of node.subscribe(TOPIC)) {
      this.#checker.heard(life, from.pkiId, decode(payload), this.#world.nowMs);
    }
  }

  async #speak(life: Life): Promise<void> {
    const text = this.#nextText();
    const organisations = this.#random.chance(ADDRESSED) ? this.#someOrganisations() : undefined;
    this.#checker.said(life, text, organisations, this.#world.nowMs);
    const audience = organisations === undefined ? {} : { organisations };
    await life.node.broadcast(TOPIC, encode(text), audience).catch((error: unknown) => {
      this.#checker.failed(life, text, error);
    });
  }

  /** `expected`: members that must answer. */
  async #ask(life: Life, expected: readonly { readonly name: string }[]): Promise<void> {
    const text = this.#nextText();
    const query = life.node.query(TOPIC, encode(text), { timeoutMs: QUERY_TIMEOUT_MS });
    const names = new Set<string>();
    for await (const { from, payload } of query) {
      const name = this.#checker.answered(life, from.pkiId, text, decode(payload));
      if (name !== undefined) names.add(name);
    }
    if (life.member.life === life) this.#checker.asked(life, expected, names);
  }

  #someOrganisations(): readonly string[] {
    const all = [...new Set(this.#world.members.map(({ mspId }) => mspId))];
    const some = all.filter(() => this.#random.chance(0.5));
    return some.length > 0 ? some : all;
  }

  #nextText(): string {
    this.#spoken += 1;
    return String(this.#spoken);
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
