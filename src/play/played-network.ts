/**
 * An interactive network of real members in virtual time. It holds the truth: running members,
 * valid certificates, network conditions.
 */
import {
  createAuthority,
  type Issued,
  type SimulatedAuthority,
} from "../../simulation/authority.ts";
import { createVirtualClock, type VirtualClock } from "../../simulation/clock.ts";
import { EPOCH_MS } from "../../simulation/epoch.ts";
import { layOut, type Seat } from "../../simulation/layout.ts";
import { type Cut, SimulatedNetwork } from "../../simulation/network.ts";
import { Process } from "../../simulation/process.ts";
import { createSeededRandom, type SeededRandom } from "../../simulation/random.ts";
import { createSharedReader } from "../../simulation/shared-reader.ts";
import type { PkiId } from "../core/types/host.ts";
import { DEFAULT_CORE_LIMITS, DEFAULT_TIMING } from "../core/types/options.ts";
import { watchNetwork } from "../observe/meters.ts";
import type { Network } from "../transport/network.ts";
import { EMPTY_BYTES } from "../wire/bytes.ts";
import type { Change } from "./actions.ts";
import { PlayedMember } from "./played-member.ts";
import type { Listener, Player } from "./player.ts";
import { rulesOf } from "./rules.ts";
import type { Settings } from "./settings.ts";

const LONG_MS = 3_650 * 86_400_000;
const STARTS_WITHIN_MS = 2_000;
/** Members read a new revocation list one after another within this time. */
const REVOKED_WITHIN_MS = 2_000;
/** Members receive messages one by one, so that a run can be stepped by messages. */
const READ_MS = 0.01;
const PLAYERS_MAX = 250;

export class PlayedNetwork {
  readonly clock: VirtualClock;
  readonly players: Player[] = [];
  readonly authority: SimulatedAuthority;
  readonly #settings: Settings;
  readonly #network: SimulatedNetwork;
  readonly #random: SeededRandom;
  readonly #listener: Listener;
  readonly #byEndpoint = new Map<string, Player>();
  readonly #revoked = new Set<PkiId>();
  readonly #read = createSharedReader();
  #cuts: readonly Cut[] = [];
  /** The other side of the drawn partition: whoever comes later is there, too. */
  #outside = new Set<number>();
  #delayMs: number;
  #signatures = 0;

  constructor(settings: Settings, listener: Listener) {
    const { seed, members, organisations, delayMs } = settings;
    const random = createSeededRandom(seed);
    this.#settings = settings;
    this.#listener = listener;
    this.#random = random.fork();
    this.#delayMs = delayMs;
    this.clock = createVirtualClock(EPOCH_MS);
    this.authority = createAuthority(seed);
    this.#network = new SimulatedNetwork({
      clock: this.clock,
      random: random.fork(),
      delayMs,
      jitterMs: delayMs / 2,
      memberAt: (endpoint) => this.#byEndpoint.get(endpoint)?.index,
      delivered: (from, to, bytes) => this.#between(from, to, bytes, "delivered"),
    });
    const options = { nodes: members, orgs: organisations, hiddenShare: 0, oddShare: 0 };
    for (const seat of layOut({ ...options, startsWithinMs: STARTS_WITHIN_MS }, random.fork())) {
      const player = this.#add(seat);
      this.clock.after(seat.startMs, () => this.#start(player));
    }
  }

  get nowMs(): number {
    return this.clock.now().elapsedMs;
  }

  /** Expected one-way delay of a message, in milliseconds. */
  get delayMs(): number {
    return this.#delayMs * 1.25;
  }

  /** As the last actions set them: packet loss in per cent, delay in milliseconds. */
  get conditions(): { readonly lossPercent: number; readonly delayMs: number } {
    return { lossPercent: Math.round(this.#network.loss * 100), delayMs: this.#delayMs };
  }

  /** Whether nobody can join any more. */
  get isFull(): boolean {
    return this.players.length >= PLAYERS_MAX;
  }

  playerAt(endpoint: string): Player | undefined {
    return this.#byEndpoint.get(endpoint);
  }

  /** The current or former owner of this certificate. */
  playerOf(pkiId: string): Player | undefined {
    const issued = this.authority.find(pkiId);
    return issued && this.players[issued.owner];
  }

  /** Whether this member accepts the certificate now, by its own clock and revocation list. */
  isValidFor(observer: Player, { identity }: Issued): boolean {
    const wallMs = EPOCH_MS + this.nowMs + observer.skewMs;
    return identity.notAfterMs > wallMs && !observer.revoked.has(identity.pkiId);
  }

  isRevoked({ issued }: Player): boolean {
    return this.#revoked.has(issued.identity.pkiId);
  }

  /** Whether packets between these two are lost. */
  isCut(a: number, b: number): boolean {
    return this.#cuts.some(({ from, to }) => from.has(a) && to.has(b));
  }

  /** Whether the member is inside the drawn partition. */
  isCutOff(member: number): boolean {
    return this.#cuts[0]?.from.has(member) ?? false;
  }

  /** Applies an action; one without a target is ignored. */
  apply(change: Change): void {
    switch (change.type) {
      case "join":
        this.#join(change.organisation);
        return;
      case "cut":
        this.#cut(new Set(change.members));
        return;
      case "loss":
        this.#network.setLoss(change.percent / 100);
        return;
      case "delay":
        this.#delayMs = change.ms;
        this.#network.setSlowness(change.ms / this.#settings.delayMs);
        return;
      default: {
        const player = this.players[change.member];
        if (player !== undefined) this.#applyTo(player, change);
      }
    }
  }

  #applyTo(player: Player, change: Extract<Change, { readonly member: number }>): void {
    const { life, index } = player;
    switch (change.type) {
      case "crash":
        this.#stop(player);
        return;
      case "start":
        this.#start(player);
        return;
      case "stall":
        life?.process.stall();
        this.#network.setDeaf(index, life !== undefined);
        return;
      case "resume":
        this.#network.setDeaf(index, false);
        life?.process.resume();
        return;
      case "clock":
        player.skewMs = change.seconds * 1_000;
        life?.process.setSkew(player.skewMs);
        return;
      case "renew":
        this.#renew(player, EPOCH_MS + LONG_MS);
        return;
      case "expire":
        this.#renew(player, EPOCH_MS + this.nowMs + change.seconds * 1_000);
        return;
      case "revoke":
        this.#revoke(player);
    }
  }

  #add(seat: Seat): Player {
    const { mspId, name } = seat;
    const index = this.players.length;
    const issued = this.authority.issue({
      ...{ mspId, name, owner: index },
      notAfterMs: EPOCH_MS + LONG_MS,
    });
    const player: Player = {
      ...{ ...seat, index, issued, skewMs: 0, lastIncarnation: 0n },
      revoked: new Map(),
      life: undefined,
    };
    this.players.push(player);
    this.#byEndpoint.set(seat.internalEndpoint, player);
    if (seat.externalEndpoint !== "") this.#byEndpoint.set(seat.externalEndpoint, player);
    return player;
  }

  #start(player: Player): void {
    if (player.life !== undefined) return;
    for (const pkiId of this.#revoked) player.revoked.set(pkiId, this.nowMs);
    const process = new Process(this.clock, player.skewMs);
    const random = this.#random.fork();
    const { internalEndpoint, externalEndpoint, bootstrap, anchorPeers, lastIncarnation } = player;
    const member = new PlayedMember({
      core: {
        ...{ internalEndpoint, externalEndpoint, bootstrap, anchorPeers, lastIncarnation, random },
        self: player.issued.identity,
        metadata: EMPTY_BYTES,
        timing: DEFAULT_TIMING,
        limits: DEFAULT_CORE_LIMITS,
        read: this.#read,
        ...rulesOf(this.#settings.rules),
      },
      crypto: this.authority.crypto(() => true, player.revoked),
      signer: this.#signer(player),
      network: this.#networkOf(player, process),
      ...{ clock: process.clock, random },
      performed: (effect) => this.#listener.effect(player, effect),
      published: (event) => this.#listener.event(player, event),
    });
    player.life = { process, member };
    this.#listener.changed(player);
    member.start();
  }

  #stop(player: Player): void {
    const { life } = player;
    if (life === undefined) return;
    this.#network.setDeaf(player.index, false);
    player.lastIncarnation = life.member.core.self.incarnation;
    life.process.end();
    player.life = undefined;
    life.member.stop();
    this.#listener.changed(player);
  }

  #join(organisation: number): void {
    const { organisations } = this.#settings;
    const org = Math.min(organisation, organisations - 1);
    const place = this.players.filter((player) => player.org === org).length;
    if (this.isFull) return;
    // Positions of a larger network keep those of the smaller one.
    const nodes = place * organisations + org + 1;
    const layout = { nodes, orgs: organisations, hiddenShare: 0, oddShare: 0, startsWithinMs: 0 };
    const seat = layOut(layout, createSeededRandom(nodes)).at(-1);
    if (seat === undefined) return;
    const player = this.#add(seat);
    this.#outside.add(player.index);
    this.#start(player);
  }

  #cut(members: ReadonlySet<number>): void {
    for (const cut of this.#cuts) this.#network.removeCut(cut);
    const others = new Set(this.players.map(({ index }) => index).filter((i) => !members.has(i)));
    this.#outside = others;
    const isCut = members.size > 0 && others.size > 0;
    this.#cuts = isCut
      ? [
          { from: members, to: others },
          { from: others, to: members },
        ]
      : [];
    for (const cut of this.#cuts) this.#network.addCut(cut);
  }

  #renew(player: Player, notAfterMs: number): void {
    const { mspId, name, index, life } = player;
    player.issued = this.authority.issue({ mspId, name, owner: index, notAfterMs });
    life?.process.run(() => life.member.renew(player.issued.identity, this.#signer(player)));
  }

  #revoke(player: Player): void {
    this.#revoked.add(player.issued.identity.pkiId);
    const { length } = this.players;
    this.players.forEach((each, place) => {
      this.clock.after((REVOKED_WITHIN_MS * place) / length, () => this.#readRevocations(each));
    });
  }

  #readRevocations(player: Player): void {
    const { life, revoked } = player;
    life?.process.run(() => {
      for (const pkiId of this.#revoked) revoked.set(pkiId, this.nowMs);
      life.member.trustChanged();
    });
  }

  #signer({ issued }: Player): (payload: Uint8Array) => Uint8Array {
    return (payload) => issued.sign(payload, this.#signatures++);
  }

  #networkOf(player: Player, process: Process): Network {
    const { internalEndpoint, externalEndpoint, issued, windowBytes } = player;
    const network = this.#network.hub.network({
      endpoints:
        externalEndpoint === "" ? [internalEndpoint] : [internalEndpoint, externalEndpoint],
      certificate: issued.identity.bytes,
      clock: process.clock,
      readMs: READ_MS,
      windowBytes,
    });
    return watchNetwork(network, (remote) => (direction, bytes) => {
      if (direction === "sent") this.#between(internalEndpoint, remote, bytes, "sent");
    });
  }

  #between(from: string, to: string, bytes: Uint8Array, what: "sent" | "delivered"): void {
    const [sender, receiver] = [this.#byEndpoint.get(from), this.#byEndpoint.get(to)];
    if (sender !== undefined && receiver !== undefined) {
      this.#listener[what](sender, receiver, bytes);
    }
  }
}
