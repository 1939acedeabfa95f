/** One channel of a node: `node.channel(name)`. */
import { describeConfiguration } from "../following/config-view.ts";
import type { Trust } from "../following/trust.ts";
import type { Channel, ConfigView } from "../following/views.ts";

/** A channel that a node follows. */
export interface NodeChannel {
  readonly name: string;
  /** The channel as of now. */
  view(): Channel;
  /** The configuration in force; null until it was found. */
  configuration(): ConfigView | null;
}

/** Where its answers come from. */
export interface ChannelSource {
  readonly view: () => Channel;
  readonly trust: () => Trust | undefined;
  readonly wallMs: () => number;
}

export function createNodeChannel(
  name: string,
  { view, trust, wallMs }: ChannelSource,
): NodeChannel {
  return {
    name,
    view,
    configuration() {
      const found = trust();
      return found ? describeConfiguration(found.configuration, found.origin, wallMs()) : null;
    },
  };
}
