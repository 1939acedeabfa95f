/**
 * The shell around the core: one timer, one queue of inputs, effects carried out in order. It knows
 * the network, the clock and the signer; it decides nothing.
 */
import type { Config } from "../config/config.ts";
import type { NodeOptions } from "../config/options.ts";
import { type Core, createCore } from "../core/core.ts";
import type { Effect } from "../core/types/effect.ts";
import type { Identity as KnownIdentity, Signer } from "../core/types/host.ts";
import type { Input } from "../core/types/input.ts";
import { GossipError } from "../lib/errors.ts";
import type { Msp } from "../msp/msp.ts";
import { type Channel, createChannelView } from "../observe/channels.ts";
import { add, type Counters, createCounters } from "../observe/counters.ts";
import { tellFault } from "../observe/diagnosis/causes.ts";
import { createFailures, type Failures } from "../observe/diagnosis/failures.ts";
import { createRefusals } from "../observe/diagnosis/refused-certificates.ts";
import { createSelfWatch, type SelfWatch } from "../observe/diagnosis/why/self-watch.ts";
import { createRejectionFilter } from "../observe/event-rate-filter.ts";
import type { EventContent, GossipEvent } from "../observe/events.ts";
import { createMessageTap, type MessageTap } from "../observe/message-tap.ts";
import { viewEvent, viewIdentity, viewLink, viewMember, viewSelf } from "../observe/snapshots.ts";
import type { Connection, Identity, Member } from "../observe/views.ts";
import { type Connections, createConnections } from "../transport/connections.ts";
import { copyBytes } from "../wire/bytes.ts";
import { connectionInputs } from "./connection-inputs.ts";
import { CoreLoop } from "./core-loop.ts";
import { createDiagnostics, type Diagnostics } from "./diagnostics.ts";
import { createEventStream, type EventStream } from "./event-stream.ts";
import { type FollowedNames, followNames } from "./follow-names.ts";
import type { NodeParts, StartOptions } from "./options.ts";
import { identify, type Probing, ping } from "./probes.ts";
import { signBoth } from "./signing.ts";
import { checkEndpoint, checkMetadata } from "./validate-self.ts";

/**
 * One member of a gossip network: joins it, keeps the view of who else is in it, and tells what
 * changes. Everything it shows is a plain copy, as of the moment of the call; nothing it shows or
 * takes is shared. After `close()` the views stay as they were last, and what would change something
 * throws `GossipError` `closed`. Fabric: the gossip component of a peer (`gossip.Node`).
 */
export class GossipNode implements AsyncDisposable {
  /** Why a peer is or is not visible, what is wrong here, counts, messages as they pass. */
  readonly diagnostics: Diagnostics;
  readonly #parts: NodeParts;
  readonly #core: Core;
  readonly #loop: CoreLoop;
  readonly #connections: Connections;
  readonly #events: EventStream<GossipEvent>;
  readonly #startedMs: number;
  readonly #failures: Failures = createFailures();
  readonly #counters: Counters = createCounters();
  readonly #tap: MessageTap;
  readonly #channels: (core: Core) => readonly Channel[];
  readonly #isTold = createRejectionFilter();
  readonly #probing: Probing;
  readonly #watch: SelfWatch;
  #names: FollowedNames | undefined;
  #self: KnownIdentity;
  #signer: Signer;
  #reloadProblems: readonly string[] = [];
  #isClosed = false;
  #eventId: number;

  private constructor(parts: NodeParts) {
    const { clock } = parts;
    const now = clock.now();
    this.#parts = parts;
    this.#self = parts.core.self;
    this.#signer = parts.signer;
    this.#startedMs = now.elapsedMs;
    this.#eventId = Math.trunc(now.wallMs);
    const refusals = createRefusals(parts.crypto, clock);
    const core = createCore({ ...parts.core, crypto: refusals.crypto }, now);
    this.#core = core;
    this.#loop = new CoreLoop(core, clock, (effect) => this.#perform(effect));
    this.#tap = createMessageTap(clock);
    this.#channels = createChannelView(parts.channels ?? []);
    this.#events = createEventStream(parts.eventsMax ?? 1_000);
    const give = (input: Input): void => this.#loop.give(input);
    const publish = (event: EventContent): void => this.#publish(event);
    const twinSeen = (place: string): void => this.#watch.noteTwin(place);
    const counters = this.#counters;
    const connections = createConnections({
      ...parts.connections,
      network: this.#tap.network(parts.network),
      ...{ clock, crypto: refusals.crypto },
      signer: (payload) => this.#signer(payload),
      random: parts.core.random,
      self: () => this.#self,
      mspOf: (pkiId) => core.identities.table.get(pkiId)?.identity.mspId,
      certificateOf: (pkiId) => core.identities.table.get(pkiId)?.identity.certificate,
      events: connectionInputs({ give, publish, counters, twinSeen }),
    });
    this.#connections = connections;
    const [failures, reloadProblems] = [this.#failures, () => this.#reloadProblems];
    const names = () => this.#names?.unresolved() ?? [];
    const shared = {
      clock,
      core,
      connections,
      failures,
      publish,
      give,
      twinSeen,
      reloadProblems,
      names,
    };
    this.#probing = shared;
    this.#watch = createSelfWatch(shared);
    this.diagnostics = createDiagnostics({
      ...shared,
      ...{ parts, refusals, counters, tap: this.#tap, watch: this.#watch },
      startedMs: this.#startedMs,
    });
  }

  /**
   * Starts a node: reads its files, listens, contacts its bootstrap peers. Takes options, or a
   * configuration from `loadConfig`. Resolves when the port is bound. Throws `GossipError`
   * `config-invalid`, with every problem at once, or `listen-failed`.
   */
  static async start(from: NodeOptions | Config, options: StartOptions = {}): Promise<GossipNode> {
    // Not above: who makes a node of parts of their own needs neither gRPC nor files.
    const { assemble, configFrom } = await import("./assemble.ts");
    return GossipNode.create(await assemble(await configFrom(from), options));
  }

  /**
   * Starts a node from its parts, for tests and simulations.
   * @internal
   */
  static async create(parts: NodeParts): Promise<GossipNode> {
    const node = new GossipNode(parts);
    await node.#connections.listen();
    node.#loop.give({ type: "start" });
    node.#followNames();
    if (parts.watchesItself) node.#watch.start();
    await parts.started?.(node.#core.self.incarnation);
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

  /** Every certificate we know and believe, our own among them. */
  identities(): readonly Identity[] {
    const [now, known] = [this.#parts.clock.now(), this.#core.identities.table.values()];
    return [...known].map((entry) => viewIdentity(this.#core, entry, now));
  }

  /** The open connections; of two with one peer, which happens for a moment, both. */
  connections(): readonly Connection[] {
    return this.#connections.list().map(viewLink);
  }

  /** The channels of the configuration, and which members say that they are in them. */
  channels(): readonly Channel[] {
    return this.#channels(this.#core);
  }

  /**
   * Every event from now on; ends when the node is closed or the signal aborts. For a reader that
   * lags behind, `limits.eventsMax` events are kept; of more, the oldest are left out.
   */
  events(signal?: AbortSignal): AsyncIterableIterator<GossipEvent> {
    return this.#events.listen(signal);
  }

  /** Publishes these metadata at once, at most 4_096 bytes, else throws `config-invalid`. */
  setMetadata(metadata: Uint8Array): void {
    this.#assertOpen();
    checkMetadata(metadata);
    this.#loop.give({ type: "set-metadata", metadata: copyBytes(metadata) });
  }

  /**
   * Publishes another external endpoint (`host:port`; empty: other organisations no longer learn of us)
   * with a heartbeat sent at once. Throws `config-invalid`. Fabric: `UpdateEndpoint`.
   */
  setEndpoint(externalEndpoint: string): void {
    this.#assertOpen();
    checkEndpoint(externalEndpoint);
    this.#loop.give({ type: "set-endpoint", externalEndpoint });
  }

  /** Replaces the MSPs we trust (`loadMsp`), ours among them, and judges everybody again at once. */
  setTrust(msps: readonly Msp[]): void {
    this.#assertOpen();
    this.#parts.setTrust?.(msps);
    this.#loop.give({ type: "trust-changed" });
  }

  /**
   * Reads the files of the configuration again: MSP folders with their revocation lists, our own
   * certificate and key, TLS. What changed takes effect at once; what cannot be used stays as it was,
   * part by part, is among `diagnostics.problems()`, and is thrown as a `GossipError` when the rest is in force.
   * A renewed certificate is another PKI-ID: others take it in while they drop the old one.
   */
  async reload(): Promise<void> {
    this.#assertOpen();
    const reloaded = await this.#parts.reload?.();
    if (reloaded === undefined || this.#isClosed) return;
    this.#loop.give({ type: "trust-changed" });
    const { own, problems } = reloaded;
    if (own !== undefined) {
      // Not before: what is due now is still said, and so signed, under the old identity.
      [this.#signer, this.#self] = [own.signer, own.self];
      this.#loop.give({ type: "renewed", self: own.self });
    }
    this.#reloadProblems = problems;
    if (problems.length > 0) throw new GossipError("config-invalid", problems);
  }

  /** Closes every connection and stops. May be called twice. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#loop.stop();
    this.#names?.stop();
    for (const part of [this.#events, this.#tap, this.#connections]) part.close();
    this.#watch.stop();
    await this.#parts.network.close();
    this.#parts.closed?.();
  }

  /** The same as `close()`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new GossipError("closed", "the node was closed: start another one");
  }

  #followNames(): void {
    const { names, clock } = this.#parts;
    if (names === undefined) return;
    this.#names = followNames({
      ...{ ...names, clock },
      isAlone: () => this.#core.members.aliveCount === 0,
      resolved: (endpoints) => {
        names.resolved(endpoints);
        this.#loop.give({ type: "names-resolved", endpoints });
      },
      failed: (endpoint, detail) => {
        const code = "name-unresolved";
        const reason = tellFault({ code, detail });
        this.#publish({ type: "contact-failed", endpoint, code, reason });
      },
    });
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case "send":
        this.#connections.send({ pkiId: effect.to, endpoint: effect.endpoint }, effect.messages);
        return;
      case "identify":
        identify(this.#probing, effect.endpoint);
        return;
      case "ping":
        ping(this.#probing, effect.pkiId, effect.endpoint);
        return;
      case "disconnect":
        this.#connections.disconnect(effect.pkiId, effect.reason);
        return;
      case "sign":
        this.#sign(effect);
        return;
      case "drop":
        add(this.#counters.dropped, effect.code, effect.times);
        if (this.#isTold(effect, this.#parts.clock.now()))
          this.#publish({ type: "message-rejected", pkiId: effect.from, code: effect.code });
        return;
      case "notify":
        this.#publish(viewEvent(this.#core, effect.event, this.#parts.clock.now()));
    }
  }

  #sign({ token, payload, secret }: Extract<Effect, { type: "sign" }>): void {
    const { clock, signerTimeoutMs = 10_000 } = this.#parts;
    this.#counters.signatures += secret ? 2 : 1;
    signBoth(this.#signer, payload, secret, clock, signerTimeoutMs, (signature, secretSignature) =>
      this.#loop.give({ type: "signed", token, signature, secretSignature }),
    );
  }

  #publish(content: EventContent): void {
    const time = new Date(this.#parts.clock.now().wallMs);
    const event = { id: ++this.#eventId, time, ...content };
    this.#failures.note(event);
    this.#watch.hear(content);
    this.#counters.events.note(content);
    this.#events.push(event);
  }
}
