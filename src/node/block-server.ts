/** Answers requests for blocks of the channels that this member serves. */
import { numberOf } from "../channel/rules/read-block.ts";
import type { BlockRange } from "../channel/rules/state-transfer.ts";
import type { ChannelConfiguration } from "../channel/types/configuration.ts";
import type { Effect } from "../core/types/effect.ts";
import type { Input } from "../core/types/input.ts";
import type { Connections } from "../transport/connections.ts";
import { encodeUnsigned } from "../wire/envelope.ts";
import { TAG } from "../wire/messages.ts";

/** Where blocks are kept. */
export interface BlockReader {
  /** Blocks in order: at least one, if it is there, and then no more than so many bytes. */
  read(from: bigint, to: bigint, bytesMax: number): Promise<readonly Uint8Array[]>;
}

/** A channel as it is served: all blocks below the height can be read. */
export interface Served {
  readonly configuration: ChannelConfiguration;
  readonly height: bigint;
  readonly blocks: BlockReader;
}

type Request = Extract<Effect, { type: "serve-blocks" }>;

/** Of one answer; a larger block goes alone. Fabric's peers take 100 MB, our readers 16 MiB. */
const ANSWER_BYTES_MAX = 4_194_304;

export class BlockServer {
  readonly #readers = new Map<string, BlockReader>();

  /** Begins to serve a channel, or tells that it has grown or has another configuration. */
  serve({ configuration, height, blocks }: Served): Input {
    this.#readers.set(configuration.channel, blocks);
    return { type: "channel-served", configuration, height };
  }

  /** Reads and sends. What cannot be read is left out, and the asker turns to others. */
  async answer(
    { channel, nonce, range, to, isAllowed }: Request,
    connections: Pick<Connections, "send">,
    loop: { give(input: Input): void },
  ): Promise<void> {
    const payloads = await this.#read(channel, range);
    const message = encodeUnsigned({
      nonce,
      channel: new TextEncoder().encode(channel),
      tag: TAG.chanOrOrg,
      content: { type: "state-response", value: { payloads } },
    });
    connections.send(to, [{ bytes: message, isPersonal: true, isAllowed }]);
    loop.give({ type: "blocks-served", channel, to: to.pkiId, bytes: message.length });
  }

  async #read(channel: string, { from, to }: BlockRange) {
    // A store that was closed, or whose disk fails, has nothing to say; the asker finds others.
    const reading = this.#readers.get(channel)?.read(from, to, ANSWER_BYTES_MAX);
    const blocks = (await reading?.catch(() => [])) ?? [];
    return blocks.flatMap((data) => {
      const seqNum = numberOf(data);
      return seqNum === undefined ? [] : [{ seqNum, data }];
    });
  }
}
