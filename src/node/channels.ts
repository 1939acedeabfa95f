/**
 * The channels that a node follows, as far as I/O is concerned: where their configurations come from,
 * and that the newest block is there. What their members say is the core's affair.
 */
import { join } from "node:path";
import type { ChannelConfiguration } from "../channel/types/configuration.ts";
import type { ChannelHost } from "../channel/types/host.ts";
import type { ChannelConfig } from "../config/config.ts";
import type { Core } from "../core/core.ts";
import type { FollowedChannel } from "../core/tables/channels.ts";
import { preferredEndpoint } from "../core/tables/members.ts";
import type { Effect } from "../core/types/effect.ts";
import type { GossipEvent as CoreEvent } from "../core/types/event.ts";
import type { Identity, PkiId } from "../core/types/host.ts";
import type { Input } from "../core/types/input.ts";
import type { AskedPeer } from "../following/asked-peer.ts";
import { askTrust } from "../following/find-trust.ts";
import { proveHeight } from "../following/prove-height.ts";
import type { Trust } from "../following/trust.ts";
import type { Channel } from "../following/views.ts";
import { GossipError } from "../lib/errors.ts";
import { viewChannel } from "../observe/channels.ts";
import type { EventContent } from "../observe/events.ts";
import type { Connections } from "../transport/connection-options.ts";
import type { Clock } from "../transport/network.ts";
import type { Served } from "./block-server.ts";
import { ChannelBlocks } from "./channel-blocks.ts";
import { changeOf } from "./channel-change.ts";
import { GossipPeers } from "./gossip-peers.ts";
import { type FollowingParts, Hiding } from "./hide-at-first.ts";
import { createNodeChannel, type NodeChannel } from "./node-channel.ts";

/** The channels of a configuration. */
export interface ChannelParts {
  readonly host: ChannelHost;
  readonly followed: readonly ChannelConfig[];
  /** Configurations that our user trusts, by channel. */
  readonly trusted: ReadonlyMap<string, Trust>;
  /** Where blocks are kept; undefined: nowhere. */
  readonly stateDir: string | undefined;
  /** Accepts members of the organisations of these configurations, beside those trusted anyway. */
  readonly accept: (configurations: readonly ChannelConfiguration[]) => void;
}

export interface ChannelsSources {
  readonly parts: FollowingParts<ChannelParts>;
  readonly core: Core;
  readonly clock: Clock;
  readonly connections: Pick<Connections, "send">;
  readonly give: (input: Input) => void;
  readonly publish: (event: EventContent) => void;
  /** Begins to serve a channel, or tells that it has grown or has another configuration. */
  readonly serve: (served: Served) => void;
}

interface Followed {
  trust: Trust | undefined;
  notes: readonly string[];
  isBusy: boolean;
  /** Whether `trust` was in force not long ago: what comes after it is a change, and told. */
  isCurrent: boolean;
  /** Undefined: its blocks are not followed. */
  readonly blocks: ChannelBlocks | undefined;
}

/** Between two looks at what is to be found out; sooner while a configuration is missing. */
const [LOOK_MS, SEARCH_MS] = [1_000, 250];
/** Members asked for a configuration at a time. */
const ASKED_MAX = 3;

export class NodeChannels {
  readonly #sources: ChannelsSources;
  readonly #peers: GossipPeers;
  readonly #followed: ReadonlyMap<string, Followed>;
  readonly #hiding: Hiding;
  #cancel: () => void = () => {};

  constructor(sources: ChannelsSources) {
    const { clock, connections, core } = sources;
    const parts = sources.parts.channels;
    const { externalEndpoint } = sources.parts.core;
    this.#hiding = new Hiding({ core, clock, give: sources.give }, externalEndpoint);
    const { random } = core.options;
    this.#sources = sources;
    this.#followed = new Map(
      (parts?.followed ?? []).map((channel) => [
        channel.name,
        {
          ...{ trust: undefined, notes: [], isBusy: false, isCurrent: false },
          blocks: parts && this.#blocksOf(channel, parts),
        },
      ]),
    );
    const send = (pkiId: PkiId, bytes: Uint8Array): boolean => {
      const member = core.members.table.get(pkiId);
      if (member?.status !== "alive") return false;
      connections.send({ pkiId, endpoint: preferredEndpoint(member) }, [{ bytes }]);
      return true;
    };
    this.#peers = new GossipPeers({ clock, random, send });
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

  /** Throws `config-invalid` if the channel is not followed. */
  open(name: string): NodeChannel {
    const channel = this.#require(name);
    return createNodeChannel(name, {
      view: () => this.#view(channel),
      trust: () => this.#followed.get(name)?.trust,
      wallMs: () => this.#sources.clock.now().wallMs,
      feed: this.#followed.get(name)?.blocks?.feed,
    });
  }

  configure(name: string, trust: Trust): void {
    const { clock, give, publish } = this.#sources;
    const parts = this.#sources.parts.channels;
    const followed = this.#followed.get(name);
    if (parts === undefined || followed === undefined) return;
    const before = followed.trust;
    // While blocks catch up they bring what was in force long ago.
    if (before !== undefined && !isNewer(trust, before)) return;
    [followed.trust, followed.notes] = [trust, []];
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
    const identity = this.#sources.core.identities.table.get(from)?.identity;
    if (payload === undefined || identity === undefined) return;
    const peer = this.#peers.of(channel, identity, endpointOf(this.#sources.core, from));
    const block = { number: payload.seqNum, bytes: payload.data };
    this.#followed.get(channel)?.blocks?.pushed(peer, block);
  }

  /** A member that has another height is asked for its blocks at once. */
  hear(event: CoreEvent): void {
    if (event.type !== "channel-height") return;
    this.#followed.get(event.channel)?.blocks?.heard(this.#candidates(event.channel));
  }

  #view(channel: FollowedChannel): Channel {
    const { clock, core } = this.#sources;
    const { trust, notes: found = [], blocks } = this.#followed.get(channel.name) ?? {};
    const notes = blocks?.problem === undefined ? found : [...found, blocks.problem];
    const origin = trust?.origin ?? "none yet: a peer of our organisation is asked for it";
    return viewChannel(core, channel, { trust: origin, notes }, clock.now());
  }

  #require(name: string): FollowedChannel {
    const channel = this.#sources.core.channels.table.get(name);
    if (channel !== undefined) return channel;
    const remedy = "add it to fabricGossip.channels";
    throw new GossipError("config-invalid", `Channel ${name} is not followed: ${remedy}.`);
  }

  #lookLater(): void {
    const isSearching = [...this.#followed.values()].some(({ trust }) => trust === undefined);
    this.#hiding.showIf(!isSearching);
    this.#cancel = this.#sources.clock.after(isSearching ? SEARCH_MS : LOOK_MS, () => {
      for (const [name, followed] of this.#followed) {
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
    if (channel === undefined || blocks?.isUpTo(channel.provenHeight) === true) return;
    await this.#prove(name, trust);
    const { provenHeight } = channel;
    if (provenHeight === 0n) return;
    const trusted = this.#sources.parts.channels?.trusted.get(name);
    await blocks?.begin(followed.trust ?? trust, provenHeight, givers, trusted);
  }

  #blocksOf(channel: ChannelConfig, parts: ChannelParts): ChannelBlocks | undefined {
    const { clock, give, publish } = this.#sources;
    const { name, blocks } = channel;
    if (blocks === "none") return undefined;
    const isKept = blocks === "keep" && parts.stateDir !== undefined;
    return new ChannelBlocks({
      ...{ channel, host: parts.host, clock, publish },
      folder: isKept ? join(parts.stateDir, "channels", name) : undefined,
      trust: () => this.#followed.get(name)?.trust,
      configured: (trust) => this.configure(name, trust),
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
      const reason = error instanceof Error ? error.message : String(error);
      followed.notes = [`Blocks of ${name} are not followed: ${reason}`];
    } finally {
      followed.isBusy = false;
    }
  }

  /** Until a configuration is known, members of our own organisation are asked for it. */
  async #findTrust(name: string, followed: Followed): Promise<void> {
    const { core } = this.#sources;
    const parts = this.#sources.parts.channels;
    if (parts === undefined) return;
    const { self } = core.options;
    const ours = this.#candidates(name).filter(({ identity }) => identity.mspId === self.mspId);
    let newest: Trust | undefined;
    const notes: string[] = [];
    for (const { peer, height } of ours.slice(0, ASKED_MAX)) {
      const remedy = `name a configBlock for ${name}`;
      const found = await askTrust(peer, parts.host, { channel: name, height, self, remedy });
      if (!found.ok) notes.push(`${peer.name}: ${found.reason}.`);
      else if (newest === undefined || isNewer(found.value, newest)) newest = found.value;
    }
    if (newest !== undefined) this.configure(name, newest);
    else followed.notes = notes;
  }

  /** Whether the newest block that somebody speaks of is there, and the configuration before it. */
  async #prove(name: string, trust: Trust): Promise<void> {
    const { core, give } = this.#sources;
    const parts = this.#sources.parts.channels;
    const channel = core.channels.table.get(name);
    const best = this.#candidates(name).find(
      ({ height, identity }) => channel?.disproved.get(identity.pkiId) !== height,
    );
    if (!parts || !channel || !best || best.height <= channel.provenHeight) return;
    const { height, identity, peer } = best;
    const proof = await proveHeight(parts.host, peer, trust, height);
    if (proof.ok) {
      if (proof.value !== trust) this.configure(name, proof.value);
      const followed = this.#followed.get(name);
      if (followed !== undefined) followed.isCurrent = true;
      give({ type: "channel-proven", channel: name, height });
    } else if (proof.isLie) {
      give({ type: "channel-disproved", channel: name, pkiId: identity.pkiId, height });
    }
  }

  /** Living members that say that they have blocks, the highest first. */
  #candidates(
    name: string,
  ): readonly { readonly peer: AskedPeer; readonly identity: Identity; readonly height: bigint }[] {
    const { core } = this.#sources;
    const channel = core.channels.table.get(name);
    const found = [...(channel?.members ?? [])].flatMap(([pkiId, { claim }]) => {
      const member = core.members.table.get(pkiId);
      const identity = core.identities.table.get(pkiId)?.identity;
      if (member?.status !== "alive" || identity === undefined) return [];
      if (claim.hasLeft || claim.height === 0n) return [];
      const peer = this.#peers.of(name, identity, preferredEndpoint(member));
      return [{ peer, identity, height: claim.height }];
    });
    return found.toSorted((a, b) => (a.height > b.height ? -1 : a.height < b.height ? 1 : 0));
  }
}

function endpointOf(core: Core, pkiId: PkiId): string {
  const member = core.members.table.get(pkiId);
  return member === undefined ? pkiId : preferredEndpoint(member);
}

function isNewer(a: Trust, b: Trust): boolean {
  return a.configuration.blockNumber > b.configuration.blockNumber;
}
