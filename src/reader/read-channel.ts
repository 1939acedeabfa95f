/** Reading a channel of Fabric peers without being a member: the library's one-shot way. */

import { GossipError } from "../lib/errors.ts";
import { createChannelHost } from "../msp/channel-msp.ts";
import { madeAtMs } from "./block-facts.ts";
import { fetchBlock } from "./fetch.ts";
import { describeHeights, highestOf, type LagLimits } from "./heights.ts";
import type { ReadChannelOptions } from "./options.ts";
import { Session } from "./session.ts";
import { trustFromFile, whyUnusable } from "./trust.ts";
import { type Round, ViewOfChannel } from "./view-of-channel.ts";
import type { ChannelHeights } from "./views.ts";

/** Blocks that are fetched to tell since when peers lag. */
const LAG_BLOCKS_MAX = 10;

/**
 * Opens a reader of one channel: one authenticated stream to each peer; no port, no alive message, no
 * StateInfo. Throws a {@link GossipError} `config-invalid` with every problem of the options. Peers
 * are dialled with the first question.
 */
export async function readChannel(options: ReadChannelOptions): Promise<ChannelReader> {
  const host = createChannelHost();
  const { trust: file, channel } = options;
  const session = await Session.create(options);
  const trust =
    file === undefined ? undefined : await trustFromFile(host, "--trust", file, channel);
  const unusable = trust && whyUnusable(trust);
  if (unusable !== undefined)
    throw new GossipError("config-invalid", `--trust ${file}: ${unusable}.`);
  return new Reader(new ViewOfChannel(session, host, trust));
}

/** A reader of one channel. Close it, or declare it with `await using`. */
export interface ChannelReader extends AsyncDisposable {
  /**
   * How high the peers of all organisations are, by their own signed word. Throws a {@link ReadError}
   * if nobody answers, or nothing can be verified.
   */
  heights(limits?: LagLimits): Promise<ChannelHeights>;
  /** Ends every stream. */
  close(): Promise<void>;
}

class Reader implements ChannelReader {
  readonly #view: ViewOfChannel;

  constructor(view: ViewOfChannel) {
    this.#view = view;
  }

  async heights(limits: LagLimits = {}): Promise<ChannelHeights> {
    const round = await this.#view.refresh();
    const { trust, believed, disproved, provenHeight, notes } = round;
    const isTimed = limits.lagMaxMs !== undefined;
    return describeHeights({
      configuration: trust.configuration,
      trust: trust.origin,
      believed,
      endpoints: new Map(
        round.told.map(({ stream }) => [stream.identity.pkiId, stream.target.endpoint]),
      ),
      provenHeight,
      disproved,
      madeAtMs: isTimed ? await this.#timesOfMissing(round) : new Map(),
      limits,
      nowMs: this.#view.session.clock.now().wallMs,
      notes,
    });
  }

  close(): Promise<void> {
    return this.#view.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** When the first block that a peer lacks was made, for each peer that is behind. */
  async #timesOfMissing(round: Round): Promise<ReadonlyMap<bigint, number>> {
    const highest = highestOf(round);
    const heights = new Set(round.believed.map(({ claim }) => claim.height));
    const missing = [...heights].filter((height) => height < highest).slice(0, LAG_BLOCKS_MAX);
    const times = new Map<bigint, number>();
    for (const number of missing) {
      const source = round.told.find(({ height = 0n }) => height > number);
      const block = source && (await fetchBlock(source.stream, this.#view.session.channel, number));
      const made = block?.ok ? madeAtMs(block.value) : undefined;
      if (made !== undefined) times.set(number, made);
    }
    return times;
  }
}
