/** Channels that we follow: what the host says of them. */
import type { ChannelHost } from "../../channel/types/host.ts";

/** `observer`: sees what is published. `listed`: also publishes its own height, and serves blocks. */
export type FollowRole = "observer" | "listed";

/** Limits beyond which a member lags. */
export interface LagLimits {
  /** Number of missing blocks. */
  readonly blocks: number;
  /** Time without a block that others have. */
  readonly timeMs: number;
  /** Time without a new block after which the channel counts as stuck; undefined: no limit. */
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
