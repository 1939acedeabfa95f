/**
 * After all faults: every observer of a channel shows the newest height of each honest member of it, the newest
 * configuration and the newest block, within a bound.
 */
import { type ChannelCost, ChannelCostMeter, type IdleCost } from "../channels/channel-cost.ts";
import { observers } from "../convergence.ts";
import { maySee, type SimulatedMember } from "../member.ts";
import type { World } from "../world.ts";
import type { Report } from "./checker.ts";

/** StateInfo takes a few rounds of pull, which come every four seconds. */
const HEIGHTS_MS = 30_000;
/** A member whose question was not answered repeats it after a minute, or asks another member. */
const BLOCKS_MS = 120_000;
const LOOK_MS = 1_000;
/** What was said last goes round; then snapshots are pulled several times. */
const [SETTLE_MS, IDLE_MS] = [15_000, 30_000];

export interface ChannelFigures {
  /** Blocks that were ordered, of all channels. */
  readonly blocks: number;
  /** Signatures of StateInfo and blocks that members have checked. */
  readonly checks: number;
  /** Seconds until every observer had the newest heights, and the newest blocks; undefined: not within the bound. */
  readonly heightsSeconds: number | undefined;
  readonly blocksSeconds: number | undefined;
  /** Until then. */
  readonly cost: ChannelCost;
  /** After that, in runs without faults. */
  readonly idle: IdleCost | undefined;
}

export class ChannelReach {
  readonly #world: World;
  readonly #report: Report;
  readonly #blocks = new Map<string, bigint>();
  /** Lives that reported a fork on a channel: they may follow the other branch. */
  readonly #forked = new Set<string>();
  readonly #meter: ChannelCostMeter;
  readonly #hasFaults: boolean;
  #cost: ChannelCost | undefined;
  #idle: IdleCost | undefined;
  #heightsSeconds: number | undefined;
  #blocksSeconds: number | undefined;

  constructor(world: World, report: Report, hasFaults = true) {
    this.#world = world;
    this.#report = report;
    this.#hasFaults = hasFaults;
    this.#meter = new ChannelCostMeter(world);
    world.watch({
      event: ({ number }, event) => {
        const isFork = event.type === "block-conflict" && event.kind === "fork";
        if (isFork) this.#forked.add(`${number} ${event.channel}`);
        if (event.type !== "block") return;
        this.#blocks.set(`${number} ${event.channel}`, event.block.number + 1n);
      },
    });
  }

  get figures(): ChannelFigures {
    const { table } = this.#world.channels;
    let blocks = 0;
    for (const { height } of table.values()) blocks += Number(height);
    return {
      blocks,
      checks: this.#meter.checks,
      heightsSeconds: this.#heightsSeconds,
      blocksSeconds: this.#blocksSeconds,
      cost: this.#cost ?? this.#meter.take(),
      idle: this.#idle,
    };
  }

  /** Stops the orderers and waits until members have all blocks. */
  async finish(): Promise<void> {
    const world = this.#world;
    world.channels.stopOrdering();
    const sinceMs = world.nowMs;
    while (this.#heightsSeconds === undefined || this.#blocksSeconds === undefined) {
      await world.run(LOOK_MS);
      const passedMs = world.nowMs - sinceMs;
      const [blocks, heights] = [this.#missingBlocks(), this.#missingHeights()];
      if (blocks.length === 0) this.#blocksSeconds ??= passedMs / 1_000;
      if (heights.length === 0) this.#heightsSeconds ??= passedMs / 1_000;
      if (this.#heightsSeconds === undefined && passedMs > HEIGHTS_MS && blocks.length === 0) {
        return this.#tell(heights);
      }
      if (passedMs > BLOCKS_MS) return this.#tell([...blocks, ...heights]);
    }
    this.#cost = this.#meter.take();
    if (!this.#hasFaults) await this.#stayIdle();
  }

  /** Snapshots repeat what everybody knows: nobody checks a signature of that again. */
  async #stayIdle(): Promise<void> {
    await this.#world.run(SETTLE_MS);
    const before = this.#meter.checks;
    this.#idle = await this.#meter.idle(IDLE_MS);
    const checks = this.#meter.checks - before;
    if (checks === 0) return;
    const sentence = `members check ${checks} signatures of channels, although nothing is new`;
    this.#report(this.#world.nowMs, sentence);
  }

  #missingBlocks(): readonly string[] {
    return this.#following(({ observer, channel, view }) => {
      if (this.#forked.has(`${view.life} ${view.name}`)) return [];
      const { height, configuration } = channel;
      const { name, blocks } = view;
      const gaps: string[] = [];
      if (view.configSequence !== configuration.sequence) {
        gaps.push(`${observer} has configuration ${view.configSequence} of ${name}`);
      }
      if (view.height !== height) gaps.push(`${observer} proves ${view.height} blocks of ${name}`);
      const told = this.#blocks.get(`${view.life} ${name}`);
      const isKept = blocks === "keep";
      // Blocks kept before a restart are not reported again.
      const has = told ?? (isKept ? height : 0n);
      if (blocks !== "none" && has !== height) {
        gaps.push(`${observer} has told the blocks of ${name} below ${has} of ${height}`);
      }
      return gaps;
    });
  }

  #missingHeights(): readonly string[] {
    const world = this.#world;
    return this.#following(({ observer, member, channel, view }) =>
      observers(world).flatMap((subject) => {
        const { organisations } = channel.configuration;
        const isListed =
          organisations.some(({ mspId }) => mspId === subject.mspId) &&
          subject.channels.some(({ name, role }) => name === view.name && role === "listed");
        if (!isListed || !maySee(member, subject) || subject === member) return [];
        const { pkiId } = subject.issued.identity;
        const true_ = world.channels.heightOf(subject, view.name);
        const shown = view.members.find((row) => row.pkiId === pkiId)?.height;
        const what = `${shown ?? "nothing"} of ${subject.name}, which has ${true_}`;
        return shown === true_ ? [] : [`${observer} shows ${what} blocks of ${view.name}`];
      }),
    );
  }

  #following(look: (found: Found) => readonly string[]): readonly string[] {
    const { table } = this.#world.channels;
    return observers(this.#world).flatMap((member) => {
      const { life } = member;
      if (life === undefined) return [];
      return life.node.channels().flatMap((view) => {
        const channel = table.get(view.name);
        const isOn = channel?.configuration.organisations.some(
          ({ mspId }) => mspId === member.mspId,
        );
        if (channel === undefined || isOn !== true) return [];
        const found = { observer: member.name, member, channel };
        return look({ ...found, view: { ...view, life: life.number } });
      });
    });
  }

  #tell(gaps: readonly string[]): void {
    for (const gap of gaps.slice(0, 5)) {
      this.#report(this.#world.nowMs, `${gap}, although all faults are over`);
    }
  }
}

interface Found {
  readonly observer: string;
  readonly member: SimulatedMember;
  readonly channel: NonNullable<ReturnType<World["channels"]["table"]["get"]>>;
  readonly view: ReturnType<NonNullable<SimulatedMember["life"]>["node"]["channels"]>[number] & {
    readonly life: number;
  };
}
