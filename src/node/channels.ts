/**
 * The channels that a node follows, as far as I/O is concerned: where their configurations come from,
 * and that the newest block is there. What their members say is the core's affair.
 */
import type { ChannelConfig } from "../config/config.ts";
import type { FollowedChannel } from "../core/tables/channels.ts";
import { endpointOf } from "../core/tables/members.ts";
import type { Effect } from "../core/types/effect.ts";
import type { CoreEvent } from "../core/types/event.ts";
import type { PkiId } from "../core/types/host.ts";
import type { Trust } from "../following/trust.ts";
import type { Channel, ChannelProblem } from "../following/views.ts";
import { channelNameFault } from "../lib/channel-name.ts";
import { GossipError, reasonOf } from "../lib/errors.ts";
import { viewChannel } from "../observe/channels.ts";
import { ChannelWatch } from "../observe/diagnosis/channel-watch.ts";
import type { Explanation } from "../observe/diagnosis/why/explanation.ts";
import { HeightSeries } from "../observe/height-series.ts";
import { type Candidate, candidatesOf } from "./candidates.ts";
import { ChannelBlocks } from "./channel-blocks.ts";
import { changeOf } from "./channel-change.ts";
import type { ChannelParts, ChannelsSources, Followed } from "./channel-sources.ts";
import { type ChannelExplanation, explainMember } from "./explain-member.ts";
import { findConfiguration, findFirstBlock, isMoreRecent } from "./find-configuration.ts";
import { createGossipPeers, type GossipPeers } from "./gossip-peers.ts";
import { Hiding } from "./hide-at-first.ts";
import { createNodeChannel, type NodeChannel } from "./node-channel.ts";
import { proveNewest } from "./prove-newest.ts";

/** Between two looks at what is to be found out; sooner while a configuration is missing. */
const [LOOK_MS, SEARCH_MS] = [1_000, 250];

export class NodeChannels {
  readonly #sources: ChannelsSources;
  readonly #peers: GossipPeers;
  readonly #followed: ReadonlyMap<string, Followed>;
  readonly #hiding: Hiding;
  #cancel: () => void = () => {};

  constructor(sources: ChannelsSources) {
    const { clock, connections, core, give } = sources;
    const { channels: parts, core: own } = sources.parts;
    this.#hiding = new Hiding({ core, clock, give }, own.externalEndpoint);
    this.#sources = sources;
    this.#followed = new Map(
      (parts?.followed ?? []).map((channel) => [
        channel.name,
        {
          ...{ trust: undefined, notes: [], isBusy: false, isCurrent: false, isOver: false },
          ...{ watch: new ChannelWatch(channel.name, clock.now()), heights: new HeightSeries() },
          blocks: parts && this.#blocksOf(channel, parts),
        },
      ]),
    );
    this.#peers = createGossipPeers(core, clock, connections, (channel, peer, outcome) =>
      this.#followed.get(channel)?.watch.asked(peer, outcome),
    );
  }

  start(): void {
    const parts = this.#sources.parts.channels;
    if (parts === undefined) return;
    for (const [name, trust] of parts.trusted) this.configure(name, trust);
    for (const [name, followed] of this.#followed) void this.#open(name, followed);
    this.#lookLater();
  }

  stop(): void {
    this.#cancel();
    for (const { blocks } of this.#followed.values()) void blocks?.stop();
  }

  views(): readonly Channel[] {
    return [...this.#sources.core.channels.table.values()].map((channel) => this.#view(channel));
  }

  /** What is wrong with each of them now. */
  problems(): ReadonlyMap<string, readonly ChannelProblem[]> {
    return new Map([...this.#followed].map(([name, { watch }]) => [name, watch.problems]));
  }

  /** Throws `config-invalid` if the channel is not followed. */
  open(name: string, why: (peer: string) => Explanation): NodeChannel {
    const channel = this.#require(name);
    return createNodeChannel(name, {
      view: () => this.#view(channel),
      heights: () => this.#followed.get(name)?.heights.list() ?? [],
      trust: () => this.#followed.get(name)?.trust,
      wallMs: () => this.#sources.clock.now().wallMs,
      feed: this.#followed.get(name)?.blocks?.feed,
      why: async (peer) => this.#explain(channel, why(peer)),
    });
  }

  #explain(channel: FollowedChannel, explanation: Explanation): Promise<ChannelExplanation> {
    const { clock, core, parts, signer } = this.#sources;
    return explainMember(explanation, {
      ...{ channel, view: this.#view(channel), signer, now: clock.now() },
      identityOf: (pkiId) => core.identities.table.get(pkiId)?.identity,
      candidates: this.#candidates(channel.name),
      ownHeight: core.served.get(channel.name)?.height,
      self: core.options.self,
      host: parts.channels?.host,
      call: parts.call,
    });
  }

  configure(name: string, trust: Trust): void {
    const { clock, give, publish } = this.#sources;
    const parts = this.#sources.parts.channels;
    const followed = this.#followed.get(name);
    if (parts === undefined || followed === undefined) return;
    const before = followed.trust;
    // While blocks catch up they bring what was in force long ago.
    if (before !== undefined && !isMoreRecent(trust, before)) return;
    [followed.trust, followed.notes] = [trust, []];
    followed.watch.configured(trust, clock.now());
    parts.accept([...this.#followed.values()].flatMap((one) => one.trust?.configuration ?? []));
    give({ type: "channel-configured", channel: name, configuration: trust.configuration });
    this.#serve(name);
    if (before === undefined || !followed.isCurrent) return;
    publish(changeOf(name, before, trust, clock.now().wallMs));
  }

  receive({ channel, from, message }: Extract<Effect, { type: "channel-message" }>): void {
    if (this.#peers.receive(channel, from, message)) return;
    const { content } = message;
    const payload = content?.type === "data" ? content.value.payload : undefined;
    const { identities, members } = this.#sources.core;
    const identity = identities.table.get(from)?.identity;
    if (payload === undefined || identity === undefined) return;
    const peer = this.#peers.of(channel, identity, endpointOf(members, from) || from);
    const block = { number: payload.seqNum, bytes: payload.data };
    this.#followed.get(channel)?.blocks?.pushed(peer, block);
  }

  /** Whatever the peer was asked is lost with its connection. */
  disconnected(pkiId: PkiId): void {
    for (const name of this.#followed.keys()) this.#peers.disconnected(name, pkiId);
  }

  /** A member that has another height is asked for its blocks at once. */
  hear(event: CoreEvent): void {
    if (event.type !== "channel-height") return;
    const { channel, pkiId, height } = event;
    const { blocks, heights } = this.#followed.get(channel) ?? {};
    heights?.add(pkiId, height, this.#sources.clock.now().wallMs);
    blocks?.heard(this.#candidates(channel));
  }

  #view(channel: FollowedChannel): Channel {
    const { clock, core } = this.#sources;
    const { trust, notes: found = [], blocks, watch } = this.#followed.get(channel.name) ?? {};
    const notes = [...found, ...(blocks?.notes ?? [])];
    const origin = trust?.origin ?? "none yet: a peer of our organisation is asked for it";
    const mode: Channel["blocks"] = blocks?.mode ?? "none";
    const known = { blocks: mode, problems: watch?.problems ?? [], notes };
    return viewChannel(core, channel, { ...known, trust: origin }, clock.now());
  }

  #require(name: string): FollowedChannel {
    const channel = this.#sources.core.channels.table.get(name);
    if (channel !== undefined) return channel;
    const unknown = `Channel ${name} is not followed: add it to fabricGossip.channels.`;
    throw new GossipError("config-invalid", channelNameFault(name) ?? unknown);
  }

  #lookLater(): void {
    const isSearching = [...this.#followed.values()].some(({ trust }) => trust === undefined);
    const { clock, core, publish } = this.#sources;
    this.#hiding.showIf(!isSearching);
    this.#cancel = clock.after(isSearching ? SEARCH_MS : LOOK_MS, () => {
      for (const [name, followed] of this.#followed) {
        const { watch, blocks } = followed;
        for (const event of watch.look(core, clock.now(), blocks)) publish(event);
        if (followed.isBusy) continue;
        followed.isBusy = true;
        void this.#look(name, followed).finally(() => {
          followed.isBusy = false;
        });
      }
      this.#lookLater();
    });
  }

  async #look(name: string, followed: Followed): Promise<void> {
    const { trust, blocks } = followed;
    if (trust === undefined) {
      await this.#findTrust(name, followed);
      return;
    }
    const channel = this.#sources.core.channels.table.get(name);
    const givers = this.#candidates(name);
    blocks?.heard(givers);
    if (channel === undefined || followed.isOver) return;
    if (blocks?.isUpTo(channel.provenHeight) === true) return;
    await this.#prove(name, trust);
    // Where the channel stands is not known before a member has said so.
    if (channel.provenHeight === 0n || !followed.isCurrent) return;
    const start = await this.#startOf(channel, followed);
    if (start !== undefined) {
      await blocks?.begin(followed.trust ?? trust, channel.provenHeight, givers, start);
    }
  }

  /** Where blocks are kept from: where our user says; of a listed member from the first one on. */
  async #startOf({ name, role }: FollowedChannel, followed: Followed): Promise<Trust | undefined> {
    const { clock, core, parts } = this.#sources;
    const trusted = parts.channels?.trusted.get(name);
    if (trusted !== undefined || role !== "listed" || !parts.channels) {
      return trusted ?? followed.trust;
    }
    const { host } = parts.channels;
    const first = await findFirstBlock(host, name, core.options.self, this.#candidates(name));
    followed.watch.soughtFirst(first !== undefined, clock.now());
    return first;
  }

  #blocksOf(channel: ChannelConfig, parts: ChannelParts): ChannelBlocks | undefined {
    const { clock, core, give, publish } = this.#sources;
    const { name, blocks } = channel;
    if (blocks === "none") return undefined;
    const { openStore } = parts;
    const isKept = blocks === "keep" && openStore !== undefined;
    return new ChannelBlocks({
      ...{ channel, host: parts.host, clock },
      stateInfoIntervalMs: core.options.timing.stateInfoIntervalMs,
      publish: (event) => {
        this.#followed.get(name)?.watch.hear(event);
        publish(event);
      },
      openStore: isKept ? () => openStore(name, channel.keepBlocks ?? 0) : undefined,
      trust: () => this.#followed.get(name)?.trust,
      configured: (trust) => this.configure(name, trust),
      gave: (pkiId, number) => this.#followed.get(name)?.watch.gave(pkiId, number),
      agreed: (pkiId) => this.#followed.get(name)?.watch.agreed(pkiId),
      ended: (reason) => this.#end(name, reason),
      proven: (height) => {
        give({ type: "channel-proven", channel: name, height });
        this.#serve(name);
      },
    });
  }

  /** A listed member publishes the height that it can serve; without blocks it publishes none. */
  #serve(name: string): void {
    const { core, serve } = this.#sources;
    const { trust, blocks } = this.#followed.get(name) ?? {};
    const shelf = blocks?.shelf;
    if (core.channels.table.get(name)?.role !== "listed" || !trust || !shelf) return;
    serve({ configuration: trust.configuration, ...shelf });
  }

  /** What was kept says how far the configuration had moved. */
  async #open(name: string, followed: Followed): Promise<void> {
    followed.isBusy = true;
    try {
      const kept = await followed.blocks?.open(followed.trust);
      if (kept === undefined) return;
      this.configure(name, kept);
      followed.isCurrent = true;
      this.#serve(name);
    } catch (error) {
      const reason = reasonOf(error);
      followed.notes = [`Blocks of ${name} are not followed: ${reason}`];
    } finally {
      followed.isBusy = false;
    }
  }

  async #findTrust(name: string, followed: Followed): Promise<void> {
    const { channels: parts } = this.#sources.parts;
    if (parts === undefined) return;
    const { self } = this.#sources.core.options;
    const found = await findConfiguration(parts.host, name, self, this.#candidates(name));
    followed.watch.searched(found);
    if (found.newest !== undefined) this.configure(name, found.newest);
    else followed.notes = found.notes;
  }

  /** The channel cannot be followed any further. */
  #end(name: string, reason: string): void {
    const followed = this.#followed.get(name);
    if (followed === undefined) return;
    followed.isOver = true;
    followed.watch.unusable(reason);
  }

  #candidates(name: string): readonly Candidate[] {
    return candidatesOf(this.#sources.core, this.#peers, name);
  }

  async #prove(name: string, trust: Trust): Promise<void> {
    const { clock, core, give, parts, publish } = this.#sources;
    const channel = core.channels.table.get(name);
    const followed = this.#followed.get(name);
    if (!parts.channels || !channel || !followed) return;
    await proveNewest(parts.channels.host, channel, trust, this.#candidates(name), clock, {
      current: () => {
        followed.isCurrent = true;
      },
      proven: (height, after) => {
        if (after !== trust) this.configure(name, after);
        followed.isCurrent = true;
        give({ type: "channel-proven", channel: name, height });
      },
      disproved: (pkiId, height) =>
        give({ type: "channel-disproved", channel: name, pkiId, height }),
      rejected: (rejection) => {
        const event = { type: "block-rejected" as const, channel: name, ...rejection };
        followed.watch.hear(event);
        publish(event);
      },
      ended: (reason) => this.#end(name, reason),
    });
  }
}
