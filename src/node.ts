/**
 * The shell around the core: one timer, one queue of inputs, effects carried out in order. It knows
 * the network, the clock and the signer; it decides nothing.
 */

import { type Channel, viewChannels } from "./channels.ts";
import type { Config } from "./config/config.ts";
import { connectionInputs } from "./connection-inputs.ts";
import type { Identity as KnownIdentity, PkiId, Signer } from "./core/abilities.ts";
import { type Core, createCore, nextDeadlineMs, step } from "./core/core.ts";
import type { Effect } from "./core/effect.ts";
import type { Input } from "./core/input.ts";
import { add, type Counters, createCounters, viewCounts } from "./counters.ts";
import { GossipError } from "./errors.ts";
import { createEventStream, type EventStream } from "./event-stream.ts";
import { createFailures, type Failures } from "./failures.ts";
import { healthProblems } from "./health.ts";
import { createMessageTap, type MessageBatch, type MessageTap } from "./message-tap.ts";
import type { Msp } from "./msp/msp.ts";
import type { Counts, NodeParts, StartOptions } from "./node-parts.ts";
import { plainReason } from "./plain-reason.ts";
import { checkEndpoint, checkMetadata } from "./published.ts";
import { createRejectionFilter } from "./rejections.ts";
import { signBoth } from "./sign.ts";
import { type Summary, summarise } from "./summary.ts";
import { type Connections, createConnections } from "./transport/connections.ts";
import type { Cancel } from "./transport/network.ts";
import {
  type Connection,
  type EventContent,
  type GossipEvent,
  type Identity,
  type Member,
  viewEvent,
  viewIdentity,
  viewLink,
  viewMember,
  viewSelf,
} from "./view.ts";
import { type Explanation, explain } from "./why/why.ts";
import { copyBytes } from "./wire/bytes.ts";

export class GossipNode implements AsyncDisposable {
  readonly #parts: NodeParts;
  readonly #core: Core;
  readonly #connections: Connections;
  readonly #events: EventStream<GossipEvent>;
  readonly #startedMs: number;
  readonly #failures: Failures = createFailures();
  readonly #counters: Counters = createCounters();
  readonly #tap: MessageTap;
  readonly #inputs: Input[] = [];
  #self: KnownIdentity;
  #signer: Signer;
  readonly #isTold = createRejectionFilter();
  #isStepping = false;
  #isClosed = false;
  #eventId: number;
  #wakeAtMs = Number.POSITIVE_INFINITY;
  #cancelWake: Cancel = () => {};

  private constructor(parts: NodeParts) {
    const now = parts.clock.now();
    this.#parts = parts;
    this.#self = parts.core.self;
    this.#signer = parts.signer;
    this.#startedMs = now.elapsedMs;
    this.#eventId = Math.trunc(now.wallMs);
    this.#core = createCore({ ...parts.core, crypto: parts.crypto }, now);
    this.#tap = createMessageTap(parts.clock);
    this.#events = createEventStream(parts.eventsMax ?? 1_000);
    this.#connections = createConnections({
      ...parts.connections,
      network: this.#tap.network(parts.network),
      clock: parts.clock,
      crypto: parts.crypto,
      signer: (payload) => this.#signer(payload),
      random: parts.core.random,
      self: () => this.#self,
      mspOf: (pkiId) => this.#core.identities.table.get(pkiId)?.identity.mspId,
      events: connectionInputs({
        give: (input) => this.#give(input),
        publish: (event) => this.#publish(event),
        counters: this.#counters,
      }),
    });
  }

  /**
   * Starts a node as configured: reads its files, listens, contacts its bootstrap peers. Resolves
   * when the port is bound. Throws `GossipError` `config-invalid`, with every problem at once, or
   * `listen-failed`.
   */
  static async start(config: Config, options: StartOptions = {}): Promise<GossipNode> {
    const { startNode } = await import("./start-node.ts");
    return startNode(config, options);
  }

  /** Starts a node from its parts, for tests and simulations. */
  static async create(parts: NodeParts): Promise<GossipNode> {
    const node = new GossipNode(parts);
    await node.#connections.listen();
    node.#give({ type: "start" });
    return node;
  }

  /** Ourselves, as others see us. */
  self(): Member {
    return viewSelf(this.#core, this.#startedMs, this.#parts.clock.now());
  }

  /** Ourselves first, then every member we know, alive and dead. */
  members(): readonly Member[] {
    const now = this.#parts.clock.now();
    const others = [...this.#core.members.table.values()];
    return [this.self(), ...others.map((member) => viewMember(this.#core, member, now))];
  }

  identities(): readonly Identity[] {
    const now = this.#parts.clock.now();
    const known = [...this.#core.identities.table.values()];
    return known.map((entry) => viewIdentity(this.#core, entry, now));
  }

  connections(): readonly Connection[] {
    return this.#connections.list().map(viewLink);
  }

  /** The channels of the configuration, and which members say that they are in them. */
  channels(): readonly Channel[] {
    return viewChannels(this.#core, this.#parts.channels ?? []);
  }

  counts(): Counts {
    return viewCounts(this.#counters, this.#core, this.#parts);
  }

  /** Members, identities and connections in numbers, without a copy of them. */
  summary(): Summary {
    return summarise(this.#core, this.#connections.list(), this.#parts.clock.now());
  }

  /**
   * Why a peer is or is not visible to us. `peer`: its endpoint, or the beginning of its PKI-ID.
   * Throws `config-invalid` if it is neither, or the beginning of several.
   */
  why(peer: string): Explanation {
    const now = this.#parts.clock.now();
    const known = { core: this.#core, failures: this.#failures, self: this.self(), now };
    return explain({ ...known, connections: this.connections() }, peer);
  }

  /** What is wrong with this member, one sentence each; empty = healthy. */
  problems(): readonly string[] {
    return healthProblems(this.#core, this.#parts.clock.now());
  }

  /** Every event from now on; ends when the node is closed or the signal aborts. */
  events(signal?: AbortSignal): AsyncIterableIterator<GossipEvent> {
    return this.#events.listen(signal);
  }

  /**
   * The messages that are sent and received from now on, decoded, a few times a second; of too many,
   * the newest. Ends when the node is closed or the signal aborts. Costs nothing until it is read.
   */
  messages(signal?: AbortSignal): AsyncIterableIterator<MessageBatch> {
    return this.#tap.watch(signal);
  }

  /** Publishes other metadata with a heartbeat sent at once. At most 4 KiB. */
  setMetadata(metadata: Uint8Array): void {
    this.#assertOpen();
    checkMetadata(metadata);
    this.#give({ type: "set-metadata", metadata: copyBytes(metadata) });
  }

  /** Publishes another external endpoint (`host:port`, or empty) with a heartbeat sent at once. */
  setEndpoint(externalEndpoint: string): void {
    this.#assertOpen();
    checkEndpoint(externalEndpoint);
    this.#give({ type: "set-endpoint", externalEndpoint });
  }

  /** Replaces the MSPs we trust, our own among them, and judges every identity again at once. */
  setTrust(msps: readonly Msp[]): void {
    this.#assertOpen();
    this.#parts.setTrust?.(msps);
    this.#give({ type: "trust-changed" });
  }

  /**
   * Reads the files of the configuration again: MSP folders with their revocation lists, our own
   * certificate and key, TLS. What changed takes effect at once, also trust set with `setTrust`.
   * Throws `GossipError` with every problem; then nothing has changed.
   *
   * A renewed certificate is another PKI-ID: to the others another member at the same endpoint, which
   * they take in while they drop the old one. What we know of them stays.
   */
  async reload(): Promise<void> {
    this.#assertOpen();
    const reloaded = await this.#parts.reload?.();
    if (reloaded === undefined || this.#isClosed) return;
    this.#give({ type: "trust-changed" });
    // Not before: what is due now is still said, and so signed, under the old identity.
    this.#signer = reloaded.signer;
    this.#self = reloaded.self;
    this.#give({ type: "renewed", self: reloaded.self });
  }

  /** Closes every connection and stops. May be called twice. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelWake();
    this.#events.close();
    this.#tap.close();
    this.#connections.close();
    await this.#parts.network.close();
    this.#parts.closed?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new GossipError("closed", "the node was closed: start another one");
  }

  /** The only way to the core. Inputs that come up while it works wait their turn. */
  #give(input: Input): void {
    this.#inputs.push(input);
    if (this.#isStepping) return;
    this.#isStepping = true;
    try {
      for (let next = this.#inputs.shift(); next && !this.#isClosed; next = this.#inputs.shift()) {
        for (const effect of step(this.#core, next, this.#parts.clock.now())) this.#perform(effect);
      }
    } finally {
      this.#isStepping = false;
    }
    this.#armTimer();
  }

  #armTimer(): void {
    const deadlineMs = nextDeadlineMs(this.#core);
    if (this.#isClosed || deadlineMs >= this.#wakeAtMs) return;
    this.#cancelWake();
    this.#wakeAtMs = deadlineMs;
    const delayMs = Math.max(0, deadlineMs - this.#parts.clock.now().elapsedMs);
    this.#cancelWake = this.#parts.clock.after(Math.min(delayMs, 2 ** 31 - 1), () => {
      this.#wakeAtMs = Number.POSITIVE_INFINITY;
      this.#give({ type: "tick" });
    });
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case "send":
        this.#connections.send({ pkiId: effect.to, endpoint: effect.endpoint }, effect.messages);
        return;
      case "identify":
        this.#identify(effect.endpoint);
        return;
      case "ping":
        this.#ping(effect.pkiId, effect.endpoint);
        return;
      case "disconnect":
        this.#connections.disconnect(effect.pkiId, effect.reason);
        return;
      case "sign":
        this.#sign(effect.token, effect.payload, effect.secret);
        return;
      case "drop":
        add(this.#counters.dropped, effect.code, effect.times);
        if (!this.#isTold(effect, this.#parts.clock.now())) return;
        this.#publish({ type: "message-rejected", pkiId: effect.from, code: effect.code });
        return;
      case "notify":
        this.#publish(viewEvent(this.#core, effect.event, this.#parts.clock.now()));
    }
  }

  #identify(endpoint: string): void {
    this.#connections.probe(endpoint, (verdict, reason) => {
      const identity = verdict.ok ? verdict.value.identity : undefined;
      const why = verdict.ok ? "" : `${verdict.code}: ${plainReason(reason)}`;
      this.#give({ type: "identified", endpoint, identity, reason: why });
    });
  }

  #ping(pkiId: PkiId, endpoint: string): void {
    this.#connections.ping(endpoint, (fault, detail) => {
      if (fault !== undefined) {
        const time = new Date(this.#parts.clock.now().wallMs).toISOString();
        const failure = { during: "ping", code: fault, reason: plainReason(detail), time } as const;
        this.#failures.noteFailure({ pkiId, endpoint }, failure);
      }
      this.#give({ type: "pinged", pkiId, reachable: fault === undefined });
    });
  }

  #sign(token: number, payload: Uint8Array, secret: Uint8Array | undefined): void {
    const { clock, signerTimeoutMs = 10_000 } = this.#parts;
    this.#counters.signatures += secret ? 2 : 1;
    signBoth(this.#signer, payload, secret, clock, signerTimeoutMs, (signature, secretSignature) =>
      this.#give({ type: "signed", token, signature, secretSignature }),
    );
  }

  #publish(content: EventContent): void {
    this.#eventId += 1;
    const time = new Date(this.#parts.clock.now().wallMs).toISOString();
    const event = { id: this.#eventId, time, ...content };
    this.#failures.note(event);
    this.#counters.events.note(content);
    this.#events.push(event);
  }
}
