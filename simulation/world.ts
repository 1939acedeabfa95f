/**
 * A network of real nodes in virtual time. The world holds the truth: which members run, which
 * certificates are valid, how the network behaves. Watchers receive every event and change nothing.
 */
import type { PkiId } from "../src/core/types/host.ts";
import type { CoreOptions } from "../src/core/types/options.ts";
import { encodeMetadata, NO_TAGS } from "../src/messaging/rules/metadata.ts";
import { GossipNode } from "../src/node/node.ts";
import type { Network } from "../src/transport/network.ts";
import { EMPTY_BYTES } from "../src/wire/bytes.ts";
import { Addresses } from "./addresses.ts";
import { createAuthority, type Issued, type SimulatedAuthority } from "./authority.ts";
import type { ChannelPlan } from "./channels/channel-plan.ts";
import { SimulatedChannels } from "./channels/simulated-channels.ts";
import { createVirtualClock, type VirtualClock } from "./clock.ts";
import { type CoreOptionsOfMember, coreOptionsOf } from "./core-options.ts";
import type { Division } from "./division.ts";
import { duplicating } from "./duplicating.ts";
import { EPOCH_MS } from "./epoch.ts";
import {
  createMember,
  endpointsOf,
  type Life,
  LifeElsewhere,
  type SimulatedMember,
  type SimulatedMemberPlan,
} from "./member.ts";
import { SimulatedNetwork } from "./network.ts";
import { Process } from "./process.ts";
import { createSeededRandom, type SeededRandom } from "./random.ts";
import { type SharedLists, shareLists } from "./shared-lists.ts";
import { SignatureNumbers } from "./signature-numbers.ts";
import { signingAfresh } from "./signing-afresh.ts";
import { afterPromises, turn } from "./turns.ts";
import type { Watcher } from "./watcher.ts";

export interface WorldOptions {
  readonly seed: number;
  readonly strategy: CoreOptions["fanout"]["strategy"];
  readonly delayMs: number;
  readonly jitterMs: number;
  /** Members that are about to be added, unless there are many. */
  readonly size?: number | undefined;
  /** Members show that they are of our kind, so that others talk to them. Default: no. */
  readonly talks?: boolean;
  /** Long lists go from one to the other without becoming bytes. Default: no. */
  readonly sharesLists?: boolean;
  /** Channels that members follow; default: none. */
  readonly channels?: readonly ChannelPlan[];
  /** Several threads can simulate this world: without faults, slow readers and channels. Default: one can. */
  readonly division?: Division | undefined;
}

/** Ten years: longer than any simulation. */
const LONG_MS = 3_650 * 86_400_000;
/** Separates their random sources. */
const ORDERERS = 0x0dde;
/** Maximum virtual time until watchers receive an event. */
const SLICE_MS = 100;

export class World {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly authority: SimulatedAuthority;
  readonly network: SimulatedNetwork;
  readonly members: SimulatedMember[] = [];
  readonly channels: SimulatedChannels;
  /** What members write and read. */
  readonly lists: SharedLists;
  /** Certificates revoked so far. */
  readonly revoked = new Set<PkiId>();
  readonly #options: WorldOptions;
  readonly #watchers: Watcher[] = [];
  readonly #deliveries: NonNullable<Watcher["delivered"]>[] = [];
  readonly #addresses = new Addresses();
  readonly #nodeDice: SeededRandom;
  readonly #signatures: SignatureNumbers;
  #lives = 0;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.clock = createVirtualClock(EPOCH_MS);
    const dice = createSeededRandom(options.seed);
    this.#nodeDice = dice.fork();
    this.#signatures = new SignatureNumbers(options.division && (() => this.members.length));
    this.random = dice.fork();
    this.authority = createAuthority(options.seed, options.size);
    this.lists = shareLists(this.authority, options.size);
    this.network = new SimulatedNetwork({
      clock: this.clock,
      random: dice.fork(),
      delayMs: options.delayMs,
      jitterMs: options.jitterMs,
      memberAt: (endpoint) => this.#addresses.indexAt(endpoint),
      delivered: (from, to, bytes, sentAtMs) => this.#deliver(from, to, bytes, sentAtMs),
      border: options.division,
    });
    const { authority, clock, lists, members } = this;
    const indexAt = (endpoint: string): number => this.#addresses.indexAt(endpoint) ?? 0;
    options.division?.join({ arrivals: this.network.hub.arrivals, clock, lists, indexAt });
    const plans = options.channels ?? [];
    const random = createSeededRandom(options.seed ^ ORDERERS);
    const reload = (member: SimulatedMember): void => this.readRevocations(member);
    this.channels = new SimulatedChannels({ plans, authority, clock, members, random, reload });
  }

  /** Initial metadata of members. */
  get metadata(): Uint8Array {
    return this.talks ? encodeMetadata({ tags: NO_TAGS, own: EMPTY_BYTES }) : EMPTY_BYTES;
  }

  get talks(): boolean {
    return this.#options.talks ?? false;
  }

  /** Milliseconds since the start. */
  get nowMs(): number {
    return this.clock.now().elapsedMs;
  }

  /** Before members start that shall be watched. */
  watch(...watchers: readonly Watcher[]): void {
    this.#watchers.push(...watchers);
    for (const { delivered } of watchers) if (delivered) this.#deliveries.push(delivered);
  }

  add(
    plan: SimulatedMemberPlan,
    notAfterMs = EPOCH_MS + LONG_MS,
    isHostile = false,
  ): SimulatedMember {
    const index = this.members.length;
    const { mspId, name } = plan;
    const issued = this.authority.issue({ mspId, name, owner: index, notAfterMs });
    const isElsewhere = this.#options.division?.isOwn(index) === false;
    const member = createMember(plan, { index, issued, isElsewhere, isHostile });
    this.members.push(member);
    this.#addresses.add(member);
    return member;
  }

  /** Starts the member's process unless it is running. */
  async start(member: SimulatedMember, remembersIncarnation = true): Promise<void> {
    if (member.life !== undefined || member.isHostile) return;
    if (member.isElsewhere) {
      return this.#startElsewhere(member);
    }
    this.network.setOff(member.index, false);
    this.channels.forgetRevocations(member);
    this.#takeRevocations(member);
    const process = new Process(this.clock, member.skewMs);
    const followed = this.channels.partsOf(member, process);
    const node = await GossipNode.create({
      core: { ...this.#coreOptions(member, remembersIncarnation), channels: followed?.core },
      channels: followed?.channels,
      crypto: this.authority.crypto(() => true, member.revoked),
      signer: this.signer(member),
      network: this.networkOf(member, process),
      clock: process.clock,
      connections: {},
      eventsMax: 2_000_000,
      reload: async () => {
        const own = { self: member.issued.identity, signer: this.signer(member) };
        return { own, problems: [] };
      },
    });
    const life: Life = { member, number: this.#lives++, process, node, bornMs: this.nowMs };
    member.life = life;
    for (const watcher of this.#watchers) watcher.began?.(life);
    this.channels.began(life);
    if (this.#watchers.some(({ event }) => event)) void this.#listen(life);
  }

  /** Another thread starts it; what dials it from here finds it listening. */
  async #startElsewhere(member: SimulatedMember): Promise<void> {
    this.#nodeDice.fork(); // As there, so that all others draw the same.
    const process = new Process(this.clock, member.skewMs);
    await this.networkOf(member, process).listen(() => {});
    member.life = new LifeElsewhere(member, this.#lives++, process, this.nowMs);
  }

  /** Ends the process: by closing its connections, or by a power cut. */
  async stop(member: SimulatedMember, isPowerCut = false): Promise<void> {
    const { life } = member;
    if (life === undefined) return;
    if (isPowerCut) this.network.setOff(member.index, true);
    this.network.setDeaf(member.index, false);
    member.lastIncarnation = life.node.self().incarnation;
    life.process.end();
    member.life = undefined;
    await life.node.close();
    for (const watcher of this.#watchers) watcher.ended?.(member, this.nowMs);
  }

  /** Suspends the process until `resume`; its machine accepts no new connections. */
  stall(member: SimulatedMember): void {
    if (member.life === undefined) return;
    member.life.process.stall();
    this.network.setDeaf(member.index, true);
  }

  resume(member: SimulatedMember): void {
    this.network.setDeaf(member.index, false);
    member.life?.process.resume();
  }

  setSkew(member: SimulatedMember, skewMs: number): void {
    member.skewMs = skewMs;
    member.life?.process.setSkew(skewMs);
  }

  /** Issues a new certificate, which the process loads as soon as it runs. */
  async renew(member: SimulatedMember, notAfterMs = EPOCH_MS + LONG_MS): Promise<void> {
    const { mspId, name, index } = member;
    member.issued = this.authority.issue({ mspId, name, owner: index, notAfterMs });
    const { life } = member;
    let reloading: Promise<void> | undefined;
    life?.process.run(() => {
      reloading = life.node.reload();
    });
    await reloading;
  }

  /** Revokes its certificate; other members notice when they call `readRevocations`. */
  revoke(member: SimulatedMember): void {
    this.revoked.add(member.issued.identity.pkiId);
  }

  readRevocations(member: SimulatedMember): void {
    const { life } = member;
    life?.process.run(() => {
      this.#takeRevocations(member);
      life.node.setTrust([]);
    });
  }

  #takeRevocations(member: SimulatedMember): void {
    const { revoked } = member;
    const listed = [...this.revoked, ...this.channels.revocationsForFileOf(member)];
    for (const pkiId of listed) if (!revoked.has(pkiId)) revoked.set(pkiId, this.nowMs);
  }

  /** Whether a list of a file or a channel names it. */
  isRevoked(pkiId: PkiId): boolean {
    return this.revoked.has(pkiId) || this.channels.revoked.has(pkiId);
  }

  /** Whether this member accepts the certificate now, by its own clock and revocation list. */
  isValidFor(observer: SimulatedMember, { identity }: Issued): boolean {
    const wallMs = EPOCH_MS + this.nowMs + observer.skewMs;
    return identity.notAfterMs > wallMs && !observer.revoked.has(identity.pkiId);
  }

  /** Advances virtual time, after what the caller has begun. */
  async run(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms;
    const time = this.#options.division ?? this.clock;
    for (let isFirst = true; this.nowMs < untilMs; isFirst = false) {
      const hasRun = time.advance(Math.min(SLICE_MS, untilMs - this.nowMs));
      if (hasRun || isFirst) await afterPromises(this.channels.table.size > 0);
    }
    await turn();
  }

  /** Signs with the key of the current certificate. */
  signer(member: SimulatedMember): (payload: Uint8Array) => Uint8Array {
    const { index, issued } = member;
    return (payload) => {
      const number = this.#signatures.next(index);
      for (const watcher of this.#watchers) watcher.signed?.(number, member, this.nowMs);
      return issued.sign(payload, number);
    };
  }

  networkOf(member: SimulatedMember, process: Process): Network {
    const { readMs, windowBytes, duplicates, issued, signsAfresh } = member;
    let network: Network = this.network.hub.network({
      endpoints: endpointsOf(member),
      certificate: issued.identity.bytes,
      clock: process.clock,
      readMs,
      windowBytes,
    });
    if (duplicates > 0) network = duplicating(network, duplicates, this.#nodeDice.fork());
    if (!signsAfresh) return network;
    return signingAfresh(network, () => {
      return { pkiId: member.issued.identity.pkiId, sign: this.signer(member) };
    });
  }

  #coreOptions(member: SimulatedMember, remembersIncarnation: boolean): CoreOptionsOfMember {
    const { division, sharesLists, strategy } = this.#options;
    const random = this.#nodeDice.fork();
    return coreOptionsOf(member, {
      isLarge: division !== undefined,
      lastIncarnation: remembersIncarnation ? member.lastIncarnation : 0n,
      lists: this.lists,
      metadata: this.metadata,
      random,
      sharesLists: sharesLists === true,
      strategy,
    });
  }

  #deliver(from: string, to: string, bytes: Uint8Array, sentAtMs: number): void {
    const [{ sender, receiver }, { nowMs }] = [this.#addresses.between(from, to), this];
    if (sender === undefined || receiver === undefined) return;
    for (const delivered of this.#deliveries) delivered(sender, receiver, bytes, nowMs, sentAtMs);
  }

  async #listen(life: Life): Promise<void> {
    const { member } = life;
    for await (const event of life.node.events()) {
      // The node reports its own wall time; subtract its known clock error.
      const atMs = event.time.getTime() - EPOCH_MS - member.skewMs;
      for (const watcher of this.#watchers) watcher.event?.(life, event, atMs);
    }
  }
}
