/**
 * What members show of channels: only blocks and heights that exist, each block once and in order,
 * heights that only rise within an incarnation, and configurations in order.
 */
import type { Channel } from "../../src/following/views.ts";
import type { EventOf, GossipEvent } from "../../src/observe/events.ts";
import { toHex } from "../../src/wire/bytes.ts";
import type { Life, SimulatedMember } from "../member.ts";
import type { Watcher } from "../watcher.ts";
import type { World } from "../world.ts";
import type { Checker, Report, Snapshot } from "./checker.ts";

/** The last shown height of a channel's member, and the incarnation that it belongs to. */
interface Shown {
  readonly loadedAtMs: number;
  readonly height: bigint;
}

export class ShownChannelChecker implements Checker {
  readonly watcher: Watcher;
  readonly #world: World;
  readonly #report: Report;
  /** Number of the newest block that a life has told, by life and channel. */
  readonly #told = new Map<string, bigint>();
  /** The same of all lives of a member that keeps blocks. */
  readonly #kept = new Map<string, bigint>();
  /** By life and channel: the proven height, and the configuration. */
  readonly #heights = new Map<string, bigint>();
  readonly #sequences = new Map<string, bigint>();
  /** By life, channel and author. */
  readonly #shown = new Map<string, Shown>();

  constructor(world: World, report: Report) {
    this.#world = world;
    this.#report = report;
    this.watcher = { event: (life, event) => this.#hear(life, event) };
  }

  snapshot(life: Life, { channels }: Snapshot): void {
    for (const channel of channels) this.#checkView(life, channel);
  }

  #hear(life: Life, event: GossipEvent): void {
    if (event.type === "block") this.#checkBlock(life, event);
    if (event.type === "block-rejected") this.#checkBlame(life, event);
    if (event.type === "block-conflict" && event.kind === "fork") {
      const { channel, number } = event;
      if (!this.#world.channels.hasForked(channel)) {
        this.#tell(life, `tells of a fork of ${channel} at ${number}`);
      }
    }
    if (event.type === "channel-config-changed") {
      const { channel, sequence, number } = event;
      const block = this.#world.channels.table.get(channel)?.blocks[Number(number)];
      if (
        block?.configuration.sequence !== sequence ||
        block.configuration.blockNumber !== number
      ) {
        this.#tell(life, `tells of configuration ${sequence} in block ${number} of ${channel}`);
      }
      this.#checkSequence(life, channel, sequence);
    }
  }

  /** Honest members serve true blocks; after a fork, members may disagree about which are true. */
  #checkBlame(life: Life, { channel, number, pkiId, code }: EventOf<"block-rejected">): void {
    const author = this.#ownerOf(pkiId);
    if (author?.isHostile !== false || this.#world.channels.hasForked(channel)) return;
    this.#tell(life, `rejects block ${number} of ${channel} by ${author.name}: ${code}`);
  }

  #checkBlock(life: Life, { channel, block: { number, hash } }: EventOf<"block">): void {
    const { member } = life;
    const isTrue = this.#world.channels.isOrdered(channel, number, toHex(hash));
    if (!isTrue) this.#tell(life, `shows a block ${number} of ${channel} that nobody ordered`);
    const [key, place] = [`${life.number} ${channel}`, `${member.index} ${channel}`];
    const told = this.#told.get(key);
    if (told !== undefined && number !== told + 1n) {
      this.#tell(life, `tells block ${number} of ${channel} after ${told}`);
    }
    this.#told.set(key, number);
    const isKept = member.channels.some(
      ({ name, blocks }) => name === channel && blocks === "keep",
    );
    if (!isKept) return;
    const kept = this.#kept.get(place);
    if (kept !== undefined && number <= kept) {
      this.#tell(life, `tells block ${number} of ${channel} again, after a restart`);
    }
    this.#kept.set(place, number);
  }

  #checkView(life: Life, { name, height, configSequence, members }: Channel): void {
    const key = `${life.number} ${name}`;
    const ordered = this.#world.channels.orderedHeight(name);
    if (height > ordered) this.#tell(life, `proves ${height} blocks of ${name}: ${ordered} exist`);
    const before = this.#heights.get(key) ?? 0n;
    if (height < before)
      this.#tell(life, `goes back from height ${before} of ${name} to ${height}`);
    this.#heights.set(key, height);
    if (configSequence !== null) this.#checkSequence(life, name, configSequence);
    for (const row of members) this.#checkMember(life, name, row);
  }

  #checkMember(life: Life, channel: string, row: Channel["members"][number]): void {
    const author = this.#ownerOf(row.pkiId);
    // A hostile member lies about itself, and nobody can contradict it.
    if (author === undefined || author.isHostile) return;
    const most = this.#world.channels.heightOf(author, channel);
    if (row.height > most) {
      this.#tell(life, `shows ${author.name} at ${row.height} of ${channel}: it has ${most}`);
    }
    const key = `${life.number} ${channel} ${row.pkiId}`;
    const loadedAtMs = row.loadedAt.getTime();
    const shown = this.#shown.get(key);
    if (shown !== undefined && loadedAtMs < shown.loadedAtMs) {
      this.#tell(life, `shows an earlier life of ${author.name} on ${channel} than before`);
    }
    if (shown?.loadedAtMs === loadedAtMs && row.height < shown.height) {
      const fall = `from ${shown.height} to ${row.height}`;
      this.#tell(life, `lets ${author.name} fall ${fall} on ${channel} within a life`);
    }
    this.#shown.set(key, { loadedAtMs, height: row.height });
  }

  #checkSequence(life: Life, channel: string, sequence: bigint): void {
    const key = `${life.number} ${channel}`;
    const before = this.#sequences.get(key) ?? 0n;
    if (sequence < before) {
      this.#tell(life, `goes back from configuration ${before} of ${channel} to ${sequence}`);
    }
    const newest = this.#world.channels.table.get(channel)?.configuration.sequence ?? 0n;
    if (sequence > newest) this.#tell(life, `has configuration ${sequence} of ${channel}`);
    this.#sequences.set(key, sequence);
  }

  #ownerOf(pkiId: string): SimulatedMember | undefined {
    const issued = this.#world.authority.find(pkiId);
    return issued && this.#world.members[issued.owner];
  }

  #tell({ member }: Life, sentence: string): void {
    this.#report(this.#world.nowMs, `${member.name} ${sentence}`);
  }
}
