/** Reads a channel of Fabric peers without being a member. */
import { madeAtMs } from "../following/block-facts.ts";
import { diffConfigurations } from "../following/config-diff.ts";
import { describeConfiguration } from "../following/config-view.ts";
import { fetchBlock } from "../following/fetch.ts";
import { type Trust, whyUnusable } from "../following/trust.ts";
import { trustFromFile } from "../following/trust-file.ts";
import type { ConfigDiff, ConfigView, ReadBlock } from "../following/views.ts";
import { checkArguments, checkOptions, STRING, shown } from "../lib/arguments.ts";
import { collect } from "../lib/collect.ts";
import { endingWith } from "../lib/ending.ts";
import { GossipError } from "../lib/errors.ts";
import { createChannelHost } from "../msp/channel-msp.ts";
import { BLOCKS_OPTIONS, type BlocksOptions, readBlocks } from "./blocks.ts";
import { describeChaincodes } from "./chaincodes.ts";
import { describeHeights, highestOf, LAG_LIMITS, type LagLimits } from "./heights.ts";
import { READ_OPTIONS, type ReadChannelOptions } from "./options.ts";
import { Session } from "./session.ts";
import { ViewOfChannel, type ViewRound } from "./view-of-channel.ts";
import type { ChannelChaincodes, ChannelHeights } from "./views.ts";

/** Blocks fetched to determine since when peers lag. */
const LAG_BLOCKS_MAX = 10;

/**
 * Opens a reader of one channel: one authenticated stream to each peer; no port, no alive message,
 * no StateInfo. Throws a {@link GossipError} `config-invalid` with all problems of the options.
 * Dials with the first request.
 */
export async function readChannel(options: ReadChannelOptions): Promise<ChannelReader> {
  checkOptions("readChannel", options, READ_OPTIONS);
  const host = createChannelHost();
  const { trust: file, channel } = options;
  const problems: string[] = [];
  const session = await collect(problems, Session.create(options));
  const trust =
    file === undefined
      ? undefined
      : await collect(problems, trustFromFile(host, "--trust", file, channel));
  const unusable = trust && whyUnusable(trust);
  if (unusable !== undefined) problems.push(`--trust ${file}: ${unusable}.`);
  if (session === undefined || problems.length > 0) {
    throw new GossipError("config-invalid", problems);
  }
  return new Reader(new ViewOfChannel(session, host, trust));
}

/**
 * A reader of one channel. Close it, or declare it with `await using`. After `close()` all methods throw
 * {@link GossipError} `closed`.
 */
export interface ChannelReader extends AsyncDisposable {
  /**
   * Heights of the peers of all organisations, signed by each peer itself. Throws a {@link
   * ReadError} if nobody answers, or nothing can be verified.
   */
  heights(limits?: LagLimits): Promise<ChannelHeights>;
  /** Chaincodes ready on each peer, signed by the peer itself. Throws as `heights`. */
  chaincodes(): Promise<ChannelChaincodes>;
  /**
   * Verified blocks in ascending order, resumable by number. Throws a {@link ReadError} if no peer
   * serves a valid block, or the configuration cannot be followed. Ends with the signal or the reader.
   */
  blocks(options?: BlocksOptions): AsyncIterable<ReadBlock>;
  /** The newest configuration, proven from the trusted one. Throws as `heights`. */
  configuration(): Promise<ReadConfiguration>;
  /** Closes all streams, and ends what is under way. May be called twice. */
  close(): Promise<void>;
}

/** A configuration with its block. */
export interface ReadConfiguration {
  readonly view: ConfigView;
  /** The received block that contains it. */
  readonly raw: Uint8Array;
  /** Missing or inconsistent parts, one sentence each. */
  readonly notes: readonly string[];
  /**
   * The differences from another configuration of the same channel. Throws `config-invalid` for one
   * of another channel.
   */
  since(before: ReadConfiguration): ConfigDiff;
}

/**
 * Reads the configuration in a block file. Throws `config-invalid` with the remedy, also for a block
 * of another channel than the given one.
 */
export async function readConfigurationFile(
  file: string,
  flag = "The file",
  channel?: string,
): Promise<ReadConfiguration> {
  checkArguments([
    ["readConfigurationFile", file, { ...STRING, words: "the path of a file" }],
    ["readConfigurationFile", flag, { ...STRING, words: "a string that names the file in errors" }],
    ["readConfigurationFile", channel ?? "", { ...STRING, words: "the name of a channel" }],
  ]);
  return describe(await trustFromFile(createChannelHost(), flag, file, channel), [], Date.now());
}

const trees = new WeakMap<ReadConfiguration, Trust["configuration"]>();

function describe(trust: Trust, notes: readonly string[], nowMs: number): ReadConfiguration {
  const { configuration, block, origin } = trust;
  const view = describeConfiguration(configuration, origin, nowMs);
  const read: ReadConfiguration = {
    view,
    raw: block.bytes,
    notes,
    since(before) {
      const former = trees.get(before);
      if (former === undefined) {
        const wanted = "since takes what configuration() or readConfigurationFile returns";
        throw new GossipError("config-invalid", `${wanted}, not ${shown(before)}.`);
      }
      if (former.channel !== view.channel) {
        throw new GossipError(
          "config-invalid",
          `Configurations of two channels, ${former.channel} and ${view.channel}, cannot be compared: ` +
            "give two of one channel.",
        );
      }
      return diffConfigurations(
        { configuration: former, view: before.view },
        { configuration, view },
      );
    },
  };
  trees.set(read, configuration);
  return read;
}

class Reader implements ChannelReader {
  readonly #view: ViewOfChannel;

  constructor(view: ViewOfChannel) {
    this.#view = view;
  }

  async heights(limits: LagLimits = {}): Promise<ChannelHeights> {
    checkOptions("heights", limits, LAG_LIMITS);
    const round = await this.#refresh();
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

  async chaincodes(): Promise<ChannelChaincodes> {
    return describeChaincodes(await this.heights());
  }

  blocks(options: BlocksOptions = {}): AsyncIterable<ReadBlock> {
    checkOptions("blocks", options, BLOCKS_OPTIONS);
    const { session } = this.#view;
    session.requireOpen();
    return endingWith([options.signal, session.closing], (signal) => {
      const note = (sentence: string): void => {
        if (!signal.aborted) options.note?.(sentence);
      };
      return readBlocks(this.#view, { ...options, note, signal });
    });
  }

  async configuration(): Promise<ReadConfiguration> {
    const { trust, notes } = await this.#refresh();
    return describe(trust, notes, this.#view.session.clock.now().wallMs);
  }

  close(): Promise<void> {
    return this.#view.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #refresh(): Promise<ViewRound> {
    const { session } = this.#view;
    try {
      return await this.#view.refresh();
    } catch (error) {
      session.requireOpen(); // Else the streams that we closed would look like faults of the peers.
      throw error;
    }
  }

  /** For each peer that is behind, the creation time of the first block that it lacks. */
  async #timesOfMissing(round: ViewRound): Promise<ReadonlyMap<bigint, number>> {
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
