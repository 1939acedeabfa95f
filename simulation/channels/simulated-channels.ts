/** The channels of a simulated network: orderers, and the blocks that members keep and serve. */
import { atOnce } from "../../src/channel/rules/in-turns.ts";
import type { ChannelConfig } from "../../src/config/config.ts";
import type { ChannelsOptions } from "../../src/core/types/channel.ts";
import type { PkiId } from "../../src/core/types/host.ts";
import { makeTrust, type Trust } from "../../src/following/trust.ts";
import type { BlockReader } from "../../src/node/block-server.ts";
import type { ChannelParts } from "../../src/node/channel-sources.ts";
import type { Clock } from "../../src/transport/network.ts";
import { fromHex } from "../../src/wire/bytes.ts";
import { parsePkiId } from "../../src/wire/received.ts";
import type { SimulatedAuthority } from "../authority.ts";
import type { Life, SimulatedMember } from "../member.ts";
import type { Process } from "../process.ts";
import type { SeededRandom } from "../random.ts";
import type { ChannelPlan, PlannedChange } from "./channel-plan.ts";
import { OrderedChannel } from "./ordered-channel.ts";
import { SimulatedDisk } from "./simulated-disk.ts";
import { createSimulatedHost, revocationsOf } from "./simulated-host.ts";

interface SimulatedChannelsOptions {
  readonly plans: readonly ChannelPlan[];
  readonly authority: SimulatedAuthority;
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly members: readonly SimulatedMember[];
  /** Lets a member read its revocation list again. */
  readonly reload: (member: SimulatedMember) => void;
}

/** Where and since which configuration a certificate is revoked. */
interface Revocation {
  readonly channel: string;
  readonly sequence: bigint;
}

/** Dependencies of a member's process for following its channels. */
interface FollowedParts {
  readonly channels: ChannelParts;
  readonly core: ChannelsOptions;
}

/** A block reaches a member that is fed within this time. */
const FED_WITHIN_MS = 500;
const LAG = { blocks: 10, timeMs: 60_000 };

export class SimulatedChannels {
  readonly table = new Map<string, OrderedChannel>();
  /** Signatures that members have checked for channels, by member. */
  readonly checks = new Map<number, number>();
  /** Certificates that configurations have revoked. */
  readonly revoked = new Map<PkiId, Revocation>();
  readonly #options: SimulatedChannelsOptions;
  readonly #disks = new Map<string, SimulatedDisk>();
  /** Blocks that each member that is fed has, by member and channel. */
  readonly #ledgers = new Map<string, bigint>();
  #isOrdering = false;

  constructor(options: SimulatedChannelsOptions) {
    this.#options = options;
  }

  /** Makes the first blocks once all members are known, then further blocks at intervals. */
  start(): void {
    const { plans, authority, clock, members } = this.#options;
    this.#isOrdering = true;
    for (const plan of plans) {
      const channel = new OrderedChannel({
        ...{ plan, authority },
        nowMs: () => clock.now().elapsedMs,
        anchorsOf: (mspId) =>
          members
            .filter((one) => one.mspId === mspId && one.channels.some(({ isFed }) => isFed))
            .flatMap(({ externalEndpoint }) => externalEndpoint || []),
        identityOf: (name) => members.find((one) => one.name === name)?.issued.identity,
      });
      this.table.set(plan.name, channel);
      this.#orderLater(channel);
      for (const change of plan.changes) {
        clock.after(change.atMs, () => {
          if (this.#isOrdering) this.#change(channel, change);
          this.#feedAll(channel);
        });
      }
    }
  }

  #change(channel: OrderedChannel, change: PlannedChange): void {
    channel.change(change);
    const { clock, members, reload } = this.#options;
    const revoked = members.find(({ name }) => name === change.revoked);
    if (revoked === undefined) return;
    const { pkiId } = revoked.issued.identity;
    const { name } = channel.plan;
    this.revoked.set(pkiId, { channel: name, sequence: channel.configuration.sequence });
    // Those who do not follow the channel read the list from a file, one after another.
    const others = members.filter((member) => !follows(member, name));
    others.forEach((member, i) => {
      clock.after(1_000 * (i + 1), () => reload(member));
    });
  }

  /** Stops the orderers and delivers all blocks that they have made. */
  stopOrdering(): void {
    this.#isOrdering = false;
    for (const channel of this.table.values()) this.#feedAll(channel);
  }

  /** The greatest height that the member can have published. */
  heightOf({ index }: SimulatedMember, channel: string): bigint {
    const key = keyOf(index, channel);
    return this.#ledgers.get(key) ?? this.#disks.get(key)?.height ?? 0n;
  }

  /** Whether orderers have made this block. */
  isOrdered(channel: string, number: bigint, hash: string): boolean {
    const { blocks, forks } = this.table.get(channel) ?? {};
    return blocks?.[Number(number)]?.hash === hash || forks?.get(number)?.hash === hash;
  }

  /** Number of blocks on the longest branch. */
  orderedHeight(channel: string): bigint {
    const { height = 0n, forks } = this.table.get(channel) ?? {};
    return forks?.has(height) === true ? height + 1n : height;
  }

  hasForked(channel: string): boolean {
    return (this.table.get(channel)?.forks.size ?? 0) > 0;
  }

  /** Whether an organisation is on a channel, in the configuration of that sequence or in a later one. */
  isOn(channel: string, sequence: bigint, mspId: string): boolean {
    const { blocks = [] } = this.table.get(channel) ?? {};
    return blocks.some(
      ({ configuration }) =>
        configuration.sequence >= sequence &&
        configuration.organisations.some((one) => one.mspId === mspId),
    );
  }

  partsOf(member: SimulatedMember, { clock }: Process): FollowedParts | undefined {
    if (member.channels.length === 0) return undefined;
    const { index } = member;
    const host = createSimulatedHost(this.#options.authority, () =>
      this.checks.set(index, (this.checks.get(index) ?? 0) + 1),
    );
    const followed: readonly ChannelConfig[] = member.channels.map(({ name, role, blocks }) => {
      return { name, role, blocks, lag: LAG, configBlock: undefined, keepBlocks: undefined };
    });
    const trusted = new Map<string, Trust>();
    for (const { name, hasConfigBlock } of member.channels) {
      const first = this.table.get(name)?.blocks[0];
      const trust = first && atOnce(makeTrust(host, first.bytes, "named by its user"));
      if (hasConfigBlock && trust?.ok) trusted.set(name, trust.value);
    }
    const parts: ChannelParts = {
      ...{ host, followed, trusted },
      openStore: async (name, keepBlocks) => this.#diskOf(index, name).open(clock, keepBlocks),
      accept: (configurations) => {
        for (const { organisations, msps } of configurations) {
          for (const { mspId } of organisations) this.#revoke(member, msps.get(mspId));
        }
      },
    };
    return { channels: parts, core: { host, followed } };
  }

  /** Called on restart: the process serves its blocks and receives the missed ones. */
  began(life: Life): void {
    for (const { name, isFed } of life.member.channels) {
      const channel = this.table.get(name);
      if (!isFed || channel === undefined) continue;
      if (this.#ledgers.has(keyOf(life.member.index, name))) this.#serve(life, channel);
      this.#feedLater(life.member, channel);
    }
  }

  #orderLater(channel: OrderedChannel): void {
    const { clock, random } = this.#options;
    const pauseMs = (60_000 / channel.plan.blocksPerMinute) * 2 * random.fraction();
    clock.after(Math.ceil(pauseMs), () => {
      if (!this.#isOrdering) return;
      channel.grow();
      this.#feedAll(channel);
      this.#orderLater(channel);
    });
  }

  #feedAll(channel: OrderedChannel): void {
    for (const member of this.#options.members) {
      const isFed = member.channels.some((one) => one.isFed && one.name === channel.plan.name);
      if (isFed) this.#feedLater(member, channel);
    }
  }

  /** Orderers give blocks to organisations of the channel; some members lag. */
  #isFed({ mspId, channels }: SimulatedMember, { plan, configuration }: OrderedChannel): boolean {
    const { organisations } = configuration;
    const [fromMs, untilMs] = channels.find(({ name }) => name === plan.name)?.unfed ?? [0, 0];
    const nowMs = this.#options.clock.now().elapsedMs;
    const isUnfed = this.#isOrdering && nowMs >= fromMs && nowMs < untilMs;
    return !isUnfed && organisations.some((one) => one.mspId === mspId);
  }

  #feedLater(member: SimulatedMember, channel: OrderedChannel): void {
    const { clock, random } = this.#options;
    clock.after(Math.ceil(random.fraction() * FED_WITHIN_MS), () => {
      const { life } = member;
      life?.process.run(() => {
        if (member.life !== life || !this.#isFed(member, channel)) return;
        const key = keyOf(member.index, channel.plan.name);
        if (this.#ledgers.get(key) === channel.height) return;
        this.#ledgers.set(key, channel.height);
        this.#serve(life, channel);
      });
    });
  }

  #serve({ node, member }: Life, channel: OrderedChannel): void {
    const height = this.#ledgers.get(keyOf(member.index, channel.plan.name)) ?? 0n;
    const last = channel.blocks[Number(height) - 1];
    if (last === undefined) return;
    const blocks: BlockReader = {
      read: async (from, to) =>
        channel.blocks.slice(Number(from), Number(to < height ? to + 1n : height)).map(bytesOf),
    };
    node.serveChannel({ configuration: last.configuration, height, blocks });
  }

  #diskOf(index: number, channel: string): SimulatedDisk {
    const key = keyOf(index, channel);
    const disk = this.#disks.get(key) ?? new SimulatedDisk();
    this.#disks.set(key, disk);
    return disk;
  }

  /** What its channels have revoked is known to a process only by their configurations. */
  forgetRevocations(member: SimulatedMember): void {
    for (const [pkiId, { channel }] of this.revoked) {
      if (follows(member, channel)) member.revoked.delete(pkiId);
    }
  }

  /** Certificates revoked by channels that the member does not follow. */
  revocationsForFileOf(member: SimulatedMember): readonly PkiId[] {
    return [...this.revoked].flatMap(([pkiId, { channel }]) =>
      follows(member, channel) ? [] : pkiId,
    );
  }

  #revoke({ revoked }: SimulatedMember, msp: Parameters<typeof revocationsOf>[0]): void {
    for (const text of revocationsOf(msp)) {
      const pkiId = parsePkiId(fromHex(text));
      if (pkiId !== undefined && !revoked.has(pkiId)) {
        revoked.set(pkiId, this.#options.clock.now().elapsedMs);
      }
    }
  }
}

const follows = ({ channels }: SimulatedMember, channel: string): boolean =>
  channels.some(({ name }) => name === channel);
/** A member and one of its channels. */
const keyOf = (index: number, channel: string): string => `${index} ${channel}`;
const bytesOf = ({ bytes }: { readonly bytes: Uint8Array }): Uint8Array => bytes;
