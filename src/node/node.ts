/** The shell around the core: one timer, one queue of inputs, effects carried out in order. */
import type { Config } from "../config/config.ts";
import type { NodeOptions } from "../config/options.ts";
import { type Core, createCore } from "../core/core.ts";
import type { Identity as KnownIdentity, PkiId, Signer } from "../core/types/host.ts";
import type { Input } from "../core/types/input.ts";
import type { Channel } from "../following/views.ts";
import { checkArguments, checkSignal, STRING } from "../lib/arguments.ts";
import { GossipError } from "../lib/errors.ts";
import { type Metadata, NO_TAGS } from "../messaging/rules/metadata.ts";
import type { Msp } from "../msp/msp.ts";
import { createRefusals } from "../observe/diagnosis/refused-certificates.ts";
import { createSelfWatch, type SelfWatch } from "../observe/diagnosis/why/self-watch.ts";
import type { EventContent, GossipEvent } from "../observe/events.ts";
import { changeMetadata } from "../observe/member-metadata.ts";
import { createMessageTap, type MessageTap } from "../observe/message-tap.ts";
import { meterNetwork } from "../observe/meters.ts";
import { viewEvent, viewIdentity, viewLink, viewMember, viewSelf } from "../observe/snapshots.ts";
import type { Connection, Identity, Member } from "../observe/views.ts";
import type { Connections } from "../transport/connections.ts";
import { copyBytes } from "../wire/bytes.ts";
import { BlockServer, type Served } from "./block-server.ts";
import { NodeChannels } from "./channels.ts";
import { connectionInputs } from "./connection-inputs.ts";
import { createDiagnostics, type Diagnostics } from "./diagnostics.ts";
import { type FollowedNames, type FollowTold, followContacts } from "./follow-names.ts";
import { hideAtFirst } from "./hide-at-first.ts";
import { MessagingMember } from "./messaging-member.ts";
import { Messenger } from "./messenger.ts";
import type { NodeChannel } from "./node-channel.ts";
import type { KeptMembers, NodeParts, StartOptions } from "./options.ts";
import { type Probing, probe } from "./probes.ts";
import { Publisher } from "./publisher.ts";
import { type CoreHost, type CoreLoop, joinCore } from "./runtime.ts";
import { Signing } from "./signing.ts";
import { checkEndpoint, checkMetadata, checkTrust, clockOf } from "./validate-self.ts";

/**
 * One member of a gossip network: joins it, knows who else is in it, tells what changes. All that it
 * shows are copies. After `close()` what would change something throws `GossipError` `closed`.
 */
export class GossipNode extends MessagingMember implements AsyncDisposable {
  /** Why a peer is or is not visible, what is wrong here, counts, messages as they pass. */
  readonly diagnostics: Diagnostics;
  readonly #parts: NodeParts;
  readonly #core: Core;
  readonly #loop: CoreLoop;
  readonly #messenger: Messenger;
  readonly #connections: Connections;
  readonly #startedMs: number;
  readonly #publisher: Publisher;
  readonly #tap: MessageTap;
  readonly #channels: NodeChannels;
  readonly #probing: Probing & FollowTold;
  readonly #watch: SelfWatch;
  #names: FollowedNames | undefined;
  #kept: KeptMembers | undefined;
  readonly #blocks = new BlockServer();
  #self: KnownIdentity;
  #signer: Signer;
  readonly #signing: Signing;
  #reloadProblems: readonly string[] = [];
  /** Undefined: it is open. */
  #closing: Promise<void> | undefined;

  private constructor(parts: NodeParts) {
    super();
    const [clock, now] = [clockOf(parts), parts.clock.now()];
    [this.#parts, this.#self, this.#signer] = [parts, parts.core.self, parts.signer];
    const [refusals, startedMs] = [createRefusals(parts.crypto, clock), now.elapsedMs];
    const metadata = changeMetadata(parts.core, { tags: parts.tags ?? NO_TAGS });
    const core = createCore({ ...hideAtFirst(parts), metadata, crypto: refusals.crypto }, now);
    const publisher = new Publisher(clock, parts.eventsMax ?? 1_000, (e) => this.#watch.hear(e));
    [this.#publisher, this.#tap, this.#startedMs] = [publisher, createMessageTap(clock), startedMs];
    const give = (input: Input): void => this.#loop.give(input);
    const publish = (event: EventContent): void => publisher.publish(event);
    const signer: Signer = (payload) => this.#signer(payload);
    const twinSeen = (place: string): void => this.#watch.noteTwin(place);
    const disconnected = (pkiId: PkiId): void => this.#channels.disconnected(pkiId);
    const { counters, failures } = publisher;
    const { loop, connections } = joinCore(core, {
      ...parts.connections,
      network: meterNetwork(parts.network, parts.meters?.traffic, this.#tap.taps),
      ...{ clock, crypto: refusals.crypto, random: parts.core.random, signer },
      self: () => this.#self,
      events: connectionInputs({ give, publish, counters, twinSeen, disconnected }),
      memberMessage: (from, bytes) => this.#messenger.receive(from, bytes),
      perform: (effect) => this.#perform(effect),
    });
    [this.#loop, this.#core, this.#connections] = [loop, core, connections];
    this.#signing = new Signing({ signer, clock, timeoutMs: parts.signerTimeoutMs, counters });
    this.#messenger = new Messenger({
      ...{ core, clock, publish, connections, startedMs, counts: counters.topics },
      verify: parts.crypto.verify,
      sign: (payload, done) => this.#signing.sign(payload, undefined, done),
      drop: (from, code) => publisher.reject(from, code),
    });
    const serve = (served: Served): void => give(this.#blocks.serve(served));
    const shared = {
      ...{ clock, core, connections, failures, publish, give, twinSeen, meters: parts.meters },
      reloadProblems: () => this.#reloadProblems,
      names: () => this.#names?.unresolved() ?? [],
    };
    this.#channels = new NodeChannels({ ...shared, parts, serve, signer });
    [this.#probing, this.#watch] = [shared, createSelfWatch(shared)];
    this.diagnostics = createDiagnostics({
      ...shared,
      ...{ parts, refusals, counters, tap: this.#tap, watch: this.#watch, startedMs },
      channelProblems: () => this.#channels.problems(),
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
    return GossipNode.create(await assemble(await configFrom(from, options), options));
  }

  /** @internal Starts a node from its parts; whoever listens right after this misses no event. */
  static async create(parts: NodeParts): Promise<GossipNode> {
    const node = new GossipNode(parts);
    try {
      await node.#start();
    } catch (error) {
      // Nobody has it to close it: what it holds would be held for ever.
      await node.close();
      throw error;
    }
    return node;
  }

  async #start(): Promise<void> {
    const { keep, keepMembers, names, clock, watchesItself } = this.#parts;
    await keep?.(this.#core.self.incarnation);
    await this.#connections.listen();
    if (watchesItself) this.#publisher.hold();
    this.#loop.give({ type: "start" });
    this.#names = names && followContacts(names, this.#probing);
    this.#channels.start();
    this.#kept = keepMembers?.(this.#core, clock);
    if (watchesItself) this.#watch.start();
  }

  /** Ourselves, as others see us. */
  self(): Member {
    return viewSelf(this.#core, this.#startedMs, this.#parts.clock.now());
  }

  /** Ourselves first, then every member we know, alive and dead. */
  members(): readonly Member[] {
    const [core, now] = [this.#core, this.#parts.clock.now()];
    const views = [this.self()];
    for (const member of core.members.table.values()) views.push(viewMember(core, member, now));
    return views;
  }

  /** Every certificate that we know, ours included. */
  identities(): readonly Identity[] {
    const [core, now] = [this.#core, this.#parts.clock.now()];
    const views: Identity[] = [];
    for (const entry of core.identities.table.values()) views.push(viewIdentity(core, entry, now));
    return views;
  }

  /** The open connections; for moments two with one peer. */
  connections(): readonly Connection[] {
    return this.#connections.list().map(viewLink);
  }

  /** The followed channels. */
  channels(): readonly Channel[] {
    return this.#channels.views();
  }

  /** One of them. Throws `config-invalid` if it is not followed. */
  channel(name: string): NodeChannel {
    checkArguments([["channel", name, STRING]]);
    return this.#channels.open(name, (peer) => this.diagnostics.why(peer));
  }

  /**
   * Every event from now on; ends when the node is closed or the signal aborts. For a reader that
   * lags behind, `limits.eventsMax` events are kept; of more, the oldest are left out.
   */
  events(signal?: AbortSignal): AsyncIterableIterator<GossipEvent> {
    checkSignal("events", signal);
    return this.#publisher.events.listen(signal);
  }

  /** Publishes these metadata at once, at most 4_096 bytes, else throws `config-invalid`. */
  setMetadata(metadata: Uint8Array): void {
    this.assertOpen();
    checkMetadata(metadata);
    this.changeMetadata({ own: copyBytes(metadata) });
  }

  /**
   * Publishes another external endpoint (`host:port`; empty: other organisations no longer learn of us)
   * with a heartbeat sent at once. Throws `config-invalid`. Fabric: `UpdateEndpoint`.
   */
  setEndpoint(externalEndpoint: string): void {
    this.assertOpen();
    checkEndpoint(externalEndpoint);
    this.#loop.give({ type: "set-endpoint", externalEndpoint });
  }

  /**
   * Replaces the MSPs we trust (`loadMsp`), ours among them, and judges everybody again at once. Refuses whom
   * neither they nor a followed channel accept: without ours our own organisation, with an empty list everybody.
   * Throws `config-invalid` for anything else than MSPs.
   */
  setTrust(msps: readonly Msp[]): void {
    this.assertOpen();
    checkTrust(msps);
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
    this.assertOpen();
    const reloaded = await this.#parts.reload?.();
    if (reloaded === undefined || this.#closing) return;
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

  /** Serves a channel to those who may read it, and tells its members. @internal */
  serveChannel(served: Served): void {
    this.assertOpen();
    this.#loop.give(this.#blocks.serve(served));
  }

  /** Closes every connection and stops; resolves when all is over. May be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const working = [this.#loop, this.#signing, this.#names, this.#watch, this.#channels];
    for (const part of working) part?.stop();
    for (const part of [this.#messenger, this.#publisher.events, this.#tap, this.#connections])
      part.close();
    await Promise.all([this.#kept?.stop(), this.#parts.network.close()]);
    this.#parts.closed?.();
  }

  /** The same as `close()`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @internal */
  protected override talk(): Messenger {
    return this.#messenger;
  }

  /** @internal */
  protected override assertOpen(): void {
    if (this.#closing) throw new GossipError("closed", "the node was closed: start another one");
  }

  #perform(effect: Parameters<CoreHost["perform"]>[0]): void {
    switch (effect.type) {
      case "identify":
      case "ping":
        probe(this.#probing, effect);
        return;
      case "sign": {
        const { token, payload, secret } = effect;
        this.#signing.sign(payload, secret, (signature, secretSignature) =>
          this.#loop.give({ type: "signed", token, signature, secretSignature }),
        );
        return;
      }
      case "serve-blocks":
        void this.#blocks.answer(effect, this.#connections, this.#loop);
        return;
      case "drop":
        this.#publisher.reject(effect.from, effect.code, effect.times);
        return;
      case "channel-message":
        this.#channels.receive(effect);
        return;
      case "notify":
        if (effect.event.type === "incarnation-raised")
          void this.#parts.keep?.(effect.event.incarnation);
        this.#messenger.hear(effect.event);
        this.#channels.hear(effect.event);
        this.#publisher.publish(viewEvent(this.#core, effect.event, this.#parts.clock.now()));
    }
  }

  /** @internal */
  protected override changeMetadata(change: Partial<Metadata>): void {
    this.#loop.give({ type: "set-metadata", metadata: changeMetadata(this.#core.self, change) });
  }
}
