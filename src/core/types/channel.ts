/** Channels that we follow: what the host says of them. */
import type { ChannelHost } from "../../channel/types/host.ts";

/** `observer`: sees what is published. `listed`: also publishes its own height, and serves blocks. */
export type FollowRole = "observer" | "listed";

/** From where on a member counts as lagging. */
export interface LagLimits {
  /** So many blocks behind. */
  readonly blocks: number;
  /** So long without a block that others have. */
  readonly timeMs: number;
  /** Without a new block for so long the channel counts as stuck; undefined: it may be quiet. */
  readonly stillMs?: number | undefined;
}

export interface FollowOptions {
  readonly name: string;
  readonly role: FollowRole;
  readonly lag: LagLimits;
}

export interface ChannelsOptions {
  readonly host: Pick<ChannelHost, "sha256">;
  /** Default: none. */
  readonly followed?: readonly FollowOptions[];
}
