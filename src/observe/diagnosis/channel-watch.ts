/** What is wrong with a channel, since when, and what has come and gone since it was looked last. */
import type { Core } from "../../core/core.ts";
import type { Identity, Now } from "../../core/types/host.ts";
import type { Asked, AskedPeer } from "../../following/asked-peer.ts";
import { certificatesOfConfig, inconsistenciesOf } from "../../following/config-problems.ts";
import { describeConfiguration } from "../../following/config-view.ts";
import { whyRefused } from "../../following/find-trust.ts";
import type { Trust } from "../../following/trust.ts";
import type { ChannelProblem, ConfigView } from "../../following/views.ts";
import type { EventContent, EventOf } from "../events.ts";
import { CHANNEL_CAUSES, FIRST_BLOCK_NOT_GIVEN, FIRST_BLOCKS_MISSING } from "./channel-causes.ts";
import {
  type ChannelFacts,
  type ChannelFault,
  channelFaults,
  type Rejection,
  SEARCH_MS,
  type Turn,
} from "./channel-faults.ts";

/** Problems of one channel that are shown; of more, the first. */
const PROBLEMS_MAX = 200;
/** Configuration blocks that members may stand before. */
const TURNS_MAX = 16;
/** Members in conflict that are remembered. */
const FINDINGS_MAX = 100;

type Conflict = Pick<EventOf<"block-conflict">, "kind" | "number" | "pkiId" | "mspId" | "reason">;

type Outcome = Pick<Asked<unknown>, "ok"> & { readonly code?: string; readonly isOld?: boolean };

interface Searched {
  readonly notes: readonly string[];
  readonly rivals: readonly [Trust, Trust] | undefined;
}

/** What is known of the blocks that we keep. */
interface OwnBlocks {
  /** Why no block can be written. */
  readonly unkept?: string | undefined;
  /** The first blocks are missing, without which nobody is listed. */
  readonly isUnlisted?: boolean;
}

export class ChannelWatch {
  readonly #name: string;
  readonly #findings = new Map<string, ChannelFault>();
  /** The latest invalid block of each member that gave one, until it gives a valid one. */
  readonly #rejected = new Map<string, Rejection>();
  #problems: ReadonlyMap<string, ChannelProblem> = new Map();
  #facts: Omit<ChannelFacts, "findings" | "rejected">;
  #trust: Trust | undefined;
  #view: ConfigView | undefined;
  /** Since when nobody gives block 0, which a listed member needs. */
  #withoutFirstMs: number | undefined;

  constructor(name: string, now: Now) {
    this.#name = name;
    this.#facts = {
      ...{ isConfigured: false, unknownSinceMs: now.elapsedMs, complaints: [] },
      ...{ certificates: [], inconsistencies: [], turns: [], silent: undefined },
    };
  }

  /** As of the last look. */
  get problems(): readonly ChannelProblem[] {
    return [...this.#problems.values()];
  }

  configured(trust: Trust, now: Now): void {
    const { configuration, origin } = trust;
    const before = this.#view;
    const view = describeConfiguration(configuration, origin, now.wallMs);
    const turn = turnOf(before, view, now);
    const isTurn = turn.requires.length > 0 || turn.revokes.length > 0;
    // Whoever has not committed a list that is withdrawn by now accepts nobody who is revoked.
    const revoked = new Set(revocations(view));
    const turns = this.#facts.turns.map((one) => ({
      ...one,
      revokes: one.revokes.filter((name) => revoked.has(name)),
    }));
    [this.#trust, this.#view] = [trust, view];
    this.#facts = {
      ...this.#facts,
      ...{ isConfigured: true, complaints: [] },
      certificates: certificatesOfConfig(view),
      inconsistencies: inconsistenciesOf(configuration),
      turns: isTurn ? [...turns, turn].slice(-TURNS_MAX) : turns,
    };
  }

  /** What came of asking for its configuration. */
  searched({ notes, rivals }: Searched): void {
    this.#facts = { ...this.#facts, complaints: notes };
    if (rivals === undefined) return;
    const [one, other] = rivals;
    const about = String(one.configuration.blockNumber);
    const detail = `configuration block ${about} ${one.origin}, differs from the one ${other.origin}`;
    this.#find({ ...NOBODY, code: "config-differs", about, detail });
  }

  /** What came of a question for blocks. */
  asked(
    { name, identity: { mspId } }: Pick<AskedPeer, "name" | "identity">,
    outcome: Outcome,
  ): void {
    if (!outcome.ok && (outcome.code !== "silent" || outcome.isOld === true)) return;
    this.#facts = { ...this.#facts, silent: outcome.ok ? undefined : `${name} of ${mspId}` };
  }

  /** Whether a member of our organisation gave block 0. */
  soughtFirst(isFound: boolean, { elapsedMs }: Now): void {
    this.#withoutFirstMs = isFound ? undefined : (this.#withoutFirstMs ?? elapsedMs);
  }

  /** A configuration that we do not understand is in force: the channel is not followed any more. */
  unusable(reason: string): void {
    const detail = `it cannot be followed any further: ${reason}`;
    this.#find({ ...NOBODY, code: "config-unusable", about: "", detail });
  }

  /** What was found in a block. */
  hear(event: EventContent): void {
    if (event.type === "block-conflict") this.#conflict(event);
    if (event.type === "block-rejected") this.#reject(event);
  }

  #conflict({ kind, pkiId, mspId, reason }: Conflict): void {
    const code = kind === "fork" ? "fork" : "results-differ";
    this.#find({ code, mspId, pkiId, about: "", detail: reason });
  }

  #reject(rejection: Rejection): void {
    const { code, pkiId } = rejection;
    // Whoever follows another branch has a problem of its own.
    if (code === "block-previous-hash" && this.#findings.has(`fork ${pkiId}`)) return;
    if (this.#rejected.size < FINDINGS_MAX || this.#rejected.has(pkiId)) {
      this.#rejected.set(pkiId, rejection);
    }
  }

  /** A member gave a valid block: what it gave before may have been damaged on the way. */
  gave(pkiId: string, number: bigint): void {
    const rejected = this.#rejected.get(pkiId);
    if (rejected !== undefined && number >= rejected.number) this.#rejected.delete(pkiId);
  }

  /** A member has a block, and all before it, as others have it. */
  agreed(pkiId: string): void {
    this.#findings.delete(`fork ${pkiId}`);
    this.#findings.delete(`results-differ ${pkiId}`);
    this.#rejected.delete(pkiId);
  }

  /** Looks again; returns what has begun, and what is over. */
  look(core: Core, now: Now, ours: OwnBlocks = {}): readonly EventContent[] {
    const channel = this.#name;
    const followed = core.channels.table.get(channel);
    if (followed === undefined) return [];
    const facts = {
      ...this.#facts,
      findings: [
        ...this.#findings.values(),
        ...ownFaults(ours),
        ...this.#firstFaults(now),
        ...refusals(this.#trust, core.options.self),
      ],
      rejected: [...this.#rejected.values()],
    };
    const before = this.#problems;
    const present = new Map<string, ChannelProblem>();
    for (const fault of channelFaults(core, followed, facts, now)) {
      if (present.size >= PROBLEMS_MAX) break;
      const key = `${fault.code} ${fault.pkiId ?? fault.mspId} ${fault.about}`;
      const since = before.get(key)?.since ?? new Date(now.wallMs);
      present.set(key, problemOf(fault, since));
    }
    this.#problems = present;
    const begun = [...present].filter(([key]) => !before.has(key));
    const over = [...before].filter(([key]) => !present.has(key));
    return [
      ...begun.map(([, one]): EventContent => ({ type: "channel-problem", channel, ...one })),
      ...over.map(([, one]): EventContent => ({ type: "channel-problem-solved", channel, ...one })),
    ];
  }

  #firstFaults({ elapsedMs }: Now): readonly ChannelFault[] {
    const forMs = elapsedMs - (this.#withoutFirstMs ?? elapsedMs);
    if (forMs < SEARCH_MS) return [];
    const detail = FIRST_BLOCK_NOT_GIVEN;
    return [{ ...NOBODY, code: "first-blocks-missing", about: "", detail }];
  }

  #find(fault: ChannelFault): void {
    if (this.#findings.size >= FINDINGS_MAX) return;
    this.#findings.set(`${fault.code} ${fault.pkiId ?? fault.about}`, fault);
  }
}

const NOBODY = { mspId: null, pkiId: null };

function ownFaults({ unkept, isUnlisted = false }: OwnBlocks): readonly ChannelFault[] {
  const faults: ChannelFault[] = [];
  if (unkept !== undefined) {
    const detail = `blocks cannot be written: ${unkept.replace(/\.$/, "")}`;
    faults.push({ ...NOBODY, code: "blocks-unkept", about: "", detail });
  }
  if (isUnlisted) {
    const detail = FIRST_BLOCKS_MISSING;
    faults.push({ ...NOBODY, code: "first-blocks-missing", about: "", detail });
  }
  return faults;
}

/** Nobody who is refused is answered, and one who was removed from the channel asks nothing. */
function refusals(trust: Trust | undefined, self: Identity): readonly ChannelFault[] {
  if (trust === undefined) return [];
  const why = whyRefused(trust, self);
  return why === undefined
    ? []
    : [{ ...NOBODY, code: "certificate-refused", about: "", detail: why }];
}

function problemOf(
  { code, mspId, pkiId, about, detail }: ChannelFault,
  since: Date,
): ChannelProblem {
  const { severity, remedy } = CHANNEL_CAUSES[code];
  const reason = `${detail.slice(0, 1).toUpperCase()}${detail.slice(1)}.`;
  return { code, severity, mspId, pkiId, about, reason, remedy, since };
}

/** What a configuration brings that the one before did not have. */
function turnOf(before: ConfigView | undefined, after: ConfigView, { elapsedMs: atMs }: Now): Turn {
  const required = new Set(before && requirements(before));
  const revoked = new Set(before && revocations(before));
  return {
    ...{ number: after.blockNumber, atMs },
    requires: requirements(after).filter((one) => !required.has(one)),
    revokes: revocations(after).filter((one) => !revoked.has(one)),
  };
}

function requirements({ capabilities: { application, channel } }: ConfigView): readonly string[] {
  return [
    ...channel.map((name) => `${name} of the channel`),
    ...application.map((name) => `${name} of the application`),
  ];
}

function revocations({ organisations }: ConfigView): readonly string[] {
  return organisations.flatMap(({ mspId, revoked }) => revoked.map((one) => `${mspId} ${one}`));
}
