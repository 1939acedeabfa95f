/** What explains a node to its operator: `node.diagnostics`. */
import type { Core } from "../core/core.ts";
import { checkArguments, checkSignal, type Kind, STRING } from "../lib/arguments.ts";
import type { ChannelProblems } from "../observe/channel-summary.ts";
import { type Counters, type Counts, viewCounts } from "../observe/counters.ts";
import { tellWithRemedy } from "../observe/diagnosis/causes.ts";
import type { Failures } from "../observe/diagnosis/failures.ts";
import type { Refusals } from "../observe/diagnosis/refused-certificates.ts";
import type { Explanation } from "../observe/diagnosis/why/explanation.ts";
import type { SelfWatch } from "../observe/diagnosis/why/self-watch.ts";
import { explain } from "../observe/diagnosis/why/why.ts";
import type { MessageBatch, MessageTap } from "../observe/message-tap.ts";
import { viewLink, viewSelf } from "../observe/snapshots.ts";
import { type Summary, summarise } from "../observe/summary.ts";
import type { Connections } from "../transport/connection-options.ts";
import type { NodeParts } from "./options.ts";

/** What explains a node to its operator. All of it are snapshots, safe to keep. */
export interface Diagnostics {
  /**
   * Why a peer is or is not visible to us. `peer`: its endpoint, its name, or the beginning of its
   * PKI-ID. Throws `config-invalid` if it is none of these, or of several peers.
   */
  why(peer: string): Explanation;
  /** What is wrong with this member, one sentence each; empty = healthy. */
  problems(): readonly string[];
  /**
   * Why this member has no whole view of the network yet, one sentence each; empty = ready. A member that
   * has nobody to contact, or finds nobody but itself behind its names, is ready: it is the first.
   */
  unready(): readonly string[];
  /** Counts since the start: drops, failures, events, traffic. */
  counts(): Counts;
  /** Members, identities and connections in numbers. */
  summary(): Summary;
  /**
   * The messages that are sent and received from now on, decoded, a few times a second; of too many,
   * the newest. Ends when the node is closed or the signal aborts. Costs nothing until it is read.
   */
  messages(signal?: AbortSignal): AsyncIterableIterator<MessageBatch>;
}

/** Where the answers come from. */
interface DiagnosticsSources {
  readonly parts: Pick<NodeParts, "clock" | "traffic" | "meters">;
  readonly core: Core;
  readonly connections: Connections;
  readonly failures: Failures;
  readonly refusals: Refusals;
  readonly counters: Counters;
  readonly tap: MessageTap;
  readonly watch: SelfWatch;
  readonly startedMs: number;
  readonly reloadProblems: () => readonly string[];
  readonly channelProblems: () => ChannelProblems;
}

const PEER: Kind = {
  ...STRING,
  words: "a string: the endpoint, name or beginning of the PKI-ID of a peer",
};

export function createDiagnostics(sources: DiagnosticsSources): Diagnostics {
  const { parts, core, connections, failures, refusals, counters, tap, watch } = sources;
  const now = () => parts.clock.now();
  return {
    why(peer) {
      checkArguments([["why", peer, PEER]]);
      const self = viewSelf(core, sources.startedMs, now());
      const links = connections.list().map(viewLink);
      const known = { core, failures, faults: watch.faults(), refusals, self, now: now() };
      const channelProblems = sources.channelProblems();
      return explain({ ...known, connections: links, channelProblems }, peer);
    },
    problems: () => [
      ...watch.faults().map(tellWithRemedy),
      ...unknownChannels(sources.channelProblems()),
    ],
    unready: () => watch.unready().map(tellWithRemedy),
    counts: () => viewCounts(counters, core, parts, sources.reloadProblems().length),
    summary: () => summarise(core, connections.list(), now(), sources.channelProblems()),
    messages(signal) {
      checkSignal("messages", signal);
      return tap.watch(signal);
    },
  };
}

/** A channel that cannot be followed is wrong with this member; other problems are the channel's own. */
function unknownChannels(problems: ChannelProblems): readonly string[] {
  return [...problems].flatMap(([channel, found]) =>
    found
      .filter(({ code }) => code === "config-unknown")
      .map(({ reason, remedy }) => `On channel ${channel}: ${reason} ${remedy}`),
  );
}
