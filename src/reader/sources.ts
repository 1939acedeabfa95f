/** The peers of a reader as a follower sees them. */
import { type BlockPeer, blockPeerOf, requestBlocks } from "../following/block-peer.ts";
import type { Follower } from "../following/follower.ts";
import type { Told } from "./observe.ts";
import type { PeerStream } from "./peer-stream.ts";
import type { ViewRound } from "./view-of-channel.ts";

interface Source {
  readonly stream: PeerStream;
  readonly peer: BlockPeer;
  height: bigint;
}

export class Sources {
  readonly #channel: string;
  readonly #note: (sentence: string) => void;
  readonly #sources = new Map<string, Source>();
  readonly #liars = new Set<string>();

  constructor(channel: string, note: (sentence: string) => void) {
    this.#channel = channel;
    this.#note = note;
  }

  /** Whether anybody gave a block that is not believed. */
  get hasLiars(): boolean {
    return this.#liars.size > 0;
  }

  /** A peer gave a block that is not believed. */
  reject(pkiId: string): void {
    this.#liars.add(pkiId);
  }

  /** Tells the follower who is there now, and how high. */
  show(follower: Follower, { told, disproved }: ViewRound): void {
    const here = new Map<string, Told>(
      told
        .filter(({ stream }) => stream.end === undefined)
        .map((one) => [one.stream.identity.pkiId, one]),
    );
    for (const pkiId of [...this.#sources.keys()]) {
      if (!here.has(pkiId) || disproved.has(pkiId)) this.#lose(follower, pkiId);
    }
    for (const [pkiId, { stream, height = 0n }] of here) {
      if (disproved.has(pkiId)) continue;
      const source = this.#sourceOf(follower, stream);
      source.height = height;
      follower.heard(source.peer, height);
    }
  }

  /** Others that have published the block and have not lied. */
  others(pkiId: string, number: bigint): readonly PeerStream[] {
    return [...this.#sources].flatMap(([id, { stream, height }]) =>
      id !== pkiId && height > number && !this.#liars.has(id) ? [stream] : [],
    );
  }

  endpointOf(pkiId: string): string {
    return this.#sources.get(pkiId)?.stream.target.endpoint ?? "";
  }

  #lose(follower: Follower, pkiId: string): void {
    this.#sources.delete(pkiId);
    follower.gone(pkiId);
  }

  #sourceOf(follower: Follower, stream: PeerStream): Source {
    const { pkiId } = stream.identity;
    const known = this.#sources.get(pkiId);
    if (known?.stream === stream) return known;
    const peer: BlockPeer = {
      ...blockPeerOf(stream, this.#channel),
      request: async (range) => {
        const given = await requestBlocks(stream, this.#channel, range);
        if (given.ok) return given;
        // Of a longer range the silence may only mean its length; we may have closed it ourselves.
        const isTold = given.code !== "silent" || range.from === range.to;
        if (isTold && given.code !== "stopped") {
          this.#note(`${stream.name}: block ${range.from}: ${given.reason}.`);
        }
        if (stream.end !== undefined && this.#sources.get(pkiId)?.stream === stream) {
          this.#lose(follower, pkiId);
        }
        return given;
      },
    };
    const source = { stream, peer, height: 0n };
    this.#sources.set(pkiId, source);
    return source;
  }
}
