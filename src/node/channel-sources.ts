/** What the channels of a node are made of. */
import type { ChannelConfiguration } from "../channel/types/configuration.ts";
import type { ChannelHost } from "../channel/types/host.ts";
import type { ChannelConfig } from "../config/config.ts";
import type { Core } from "../core/core.ts";
import type { Signer } from "../core/types/host.ts";
import type { Input } from "../core/types/input.ts";
import type { KeptBlocks } from "../following/store/kept-blocks.ts";
import type { Trust } from "../following/trust.ts";
import type { ChannelWatch } from "../observe/diagnosis/channel-watch.ts";
import type { EventContent } from "../observe/events.ts";
import type { HeightSeries } from "../observe/height-series.ts";
import type { Connections } from "../transport/connection-options.ts";
import type { Clock } from "../transport/network.ts";
import type { Served } from "./block-server.ts";
import type { ChannelBlocks } from "./channel-blocks.ts";
import type { FollowingParts } from "./hide-at-first.ts";

/** The channels of a configuration. */
export interface ChannelParts {
  readonly host: ChannelHost;
  readonly followed: readonly ChannelConfig[];
  /** Configurations that our user trusts, by channel. */
  readonly trusted: ReadonlyMap<string, Trust>;
  /** Opens where blocks of a channel are kept, `keepBlocks` of them (0: all); undefined: nowhere. */
  readonly openStore: ((channel: string, keepBlocks: number) => Promise<KeptBlocks>) | undefined;
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
  readonly signer: Signer;
}

/** A channel, as far as the node follows it. */
export interface Followed {
  trust: Trust | undefined;
  notes: readonly string[];
  isBusy: boolean;
  /** Whether `trust` was in force not long ago: what comes after it is a change, and told. */
  isCurrent: boolean;
  /** A configuration is in force that we do not understand. */
  isOver: boolean;
  readonly watch: ChannelWatch;
  readonly heights: HeightSeries;
  /** Undefined: its blocks are not followed. */
  readonly blocks: ChannelBlocks | undefined;
}
