/**
 * Nothing of a channel leaves its organisations, and nobody requests a block that the asked member has
 * not published. The checker reads every message of honest members.
 */

import { fromHex, toHex } from "../../src/wire/bytes.ts";
import type { GossipMessage, StateInfo } from "../../src/wire/messages.ts";
import { parsePkiId } from "../../src/wire/received.ts";
import { sha256 } from "../channels/simulated-host.ts";
import type { Life, SimulatedMember } from "../member.ts";
import type { Watcher } from "../watcher.ts";
import { glance } from "../wire-kind.ts";
import type { World } from "../world.ts";
import type { Checker, Report, Snapshot } from "./checker.ts";
import { readContent, readWhole } from "./wire-reader.ts";

const TEXT = new TextDecoder();

/** A message from one member to another. */
interface Passage {
  readonly from: SimulatedMember;
  readonly to: SimulatedMember;
  readonly sentAtMs: number;
}

interface Shown {
  readonly sequence: bigint;
  /** Virtual time at which it was first seen. */
  readonly sinceMs: number;
}

export class ChannelDisclosureChecker implements Checker {
  readonly watcher: Watcher;
  readonly #world: World;
  readonly #report: Report;
  /** Channels by the MACs that stand for them. */
  readonly #channels = new Map<string, string>();
  /** PKI-IDs whose MACs are known. */
  readonly #known = new Set<string>();
  /** Configurations that members have shown, by member and channel, the newest first. */
  readonly #shown = new Map<string, readonly Shown[]>();
  #count = 0;

  /** `every`: the checker reads one message in this many. */
  constructor(world: World, report: Report, every: number) {
    this.#world = world;
    this.#report = report;
    this.watcher = {
      began: ({ member }) => {
        for (const { name } of member.channels) this.#shown.delete(`${member.index} ${name}`);
      },
      delivered: (from, to, bytes, _nowMs, sentAtMs) => {
        if (from.isHostile || this.#world.channels.table.size === 0) return;
        this.#count += 1;
        const { kind } = glance(bytes);
        if (kind !== "state-info" && kind !== "other") return;
        if (this.#count % every === 0) this.#check({ from, to, sentAtMs }, readWhole(bytes));
      },
    };
  }

  snapshot({ member }: Life, { channels }: Snapshot): void {
    for (const { name, configSequence } of channels) {
      const key = `${member.index} ${name}`;
      const earlier = this.#shown.get(key) ?? [];
      const sequence = configSequence ?? 0n;
      if (sequence === earlier[0]?.sequence) continue;
      this.#shown.set(key, [{ sequence, sinceMs: this.#world.nowMs }, ...earlier]);
    }
  }

  #check(passage: Passage, message: GossipMessage | undefined): void {
    if (message === undefined) return;
    const { content, channel } = message;
    switch (content?.type) {
      case "state-info":
        this.#checkStateInfo(passage, content.value);
        return;
      case "state-snapshot":
        for (const element of content.value.elements) {
          const inner = readContent(element);
          if (inner?.type === "state-info") this.#checkStateInfo(passage, inner.value);
        }
        return;
      case "state-info-pull-request":
        this.#checkMember(passage, this.#channelOf(content.value.channelMac), "asks");
        return;
      case "state-request":
        this.#checkRequest(passage, TEXT.decode(channel), content.value.endSeqNum);
        return;
      case "state-response":
      case "data":
        this.#checkMember(passage, TEXT.decode(channel), "gives blocks to");
        return;
      default:
    }
  }

  /**
   * A member without external endpoint is shown within its organisation only. No other organisation can
   * know that: what a hostile member has betrayed goes round there.
   */
  #checkStateInfo(passage: Passage, { pkiId, channelMac }: StateInfo): void {
    const { from, to } = passage;
    const id = parsePkiId(pkiId);
    const owner = this.#world.members[(id && this.#world.authority.find(id)?.owner) ?? -1];
    const channel = this.#channelOf(channelMac);
    this.#checkMember(passage, channel, "shows heights to");
    const isHidden = owner?.externalEndpoint === "" && !owner.isHostile;
    if (!isHidden || owner.mspId !== from.mspId || owner.mspId === to.mspId) return;
    this.#tell(`${from.name} shows the height of ${owner.name} on ${channel} to ${to.name}`);
  }

  #checkRequest(passage: Passage, channel: string, last: bigint): void {
    const { from, to } = passage;
    this.#checkMember(passage, channel, "asks");
    if (to.isHostile || last < this.#world.channels.heightOf(to, channel)) return;
    this.#tell(`${from.name} asks ${to.name} for block ${last} of ${channel}, which it has not`);
  }

  /** By the configuration that the sender had when it sent: a message may be under way for long. */
  #checkMember({ from, to, sentAtMs }: Passage, channel: string | undefined, verb: string): void {
    if (channel === undefined) return;
    const shown = this.#shown.get(`${from.index} ${channel}`) ?? [];
    const sequence = shown.find(({ sinceMs }) => sinceMs <= sentAtMs)?.sequence ?? 0n;
    const revocation = this.#world.channels.revoked.get(to.issued.identity.pkiId);
    if (revocation?.channel === channel && sequence >= revocation.sequence) {
      this.#tell(`${from.name} ${verb} ${to.name}, whom ${channel} has revoked`);
    }
    if (this.#world.channels.isOn(channel, sequence, to.mspId)) return;
    this.#tell(`${from.name} ${verb} ${to.name}, whose organisation is not on ${channel}`);
  }

  #channelOf(mac: Uint8Array): string | undefined {
    for (const { identity } of this.#world.authority.issued) {
      if (this.#known.has(identity.pkiId)) continue;
      this.#known.add(identity.pkiId);
      for (const name of this.#world.channels.table.keys()) {
        const its = sha256([fromHex(identity.pkiId), new TextEncoder().encode(name)]);
        this.#channels.set(toHex(its), name);
      }
    }
    return this.#channels.get(toHex(mac));
  }

  #tell(sentence: string): void {
    this.#report(this.#world.nowMs, sentence);
  }
}
